from collections.abc import Awaitable, Callable

import anyio


class Printer:
    def __init__(self, write: Callable[[str], Awaitable[None]]) -> None:
        self._write = write
        self.slot = anyio.Semaphore(1)

    async def print(self, page: str) -> None:
        await self.slot.acquire()
        await self._write(page)
        self.slot.release()
