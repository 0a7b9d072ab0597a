import asyncio


class Ledger:
    def __init__(self) -> None:
        self.entries: list[int] = []
        self._lock = asyncio.Lock()

    async def _store(self, amount: int) -> None:
        await asyncio.sleep(0.01)  # the disk
        self.entries.append(amount)

    async def add(self, amount: int) -> None:
        async with self._lock:
            await self._store(amount)

    async def add_all(self, amounts: list[int]) -> None:
        async with self._lock:
            for amount in amounts:
                await self._store(amount)
