from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio


class Pool:
    def __init__(self) -> None:
        self.free = ["connection 1", "connection 2"]

    async def is_alive(self, connection: str) -> bool:
        await anyio.sleep(0.02)  # the network
        return connection.startswith("connection")

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[str, None]:
        connection = self.free.pop()
        alive = await self.is_alive(connection)
        try:
            yield connection if alive else "a new one"
        finally:
            self.free.append(connection)
