import asyncio
from typing import Protocol


class Connection(Protocol):
    async def flush(self) -> None: ...
    def close(self) -> None: ...


async def serve(connection: Connection) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        try:
            await connection.flush()
        finally:
            connection.close()
