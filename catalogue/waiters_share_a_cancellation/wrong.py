import asyncio
from collections.abc import Callable, Coroutine


class Price:
    def __init__(self, ask: Callable[[], Coroutine[object, object, int]]) -> None:
        self._ask = ask
        self._asking: asyncio.Task[int] | None = None

    async def get(self) -> int:
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        return await self._asking
