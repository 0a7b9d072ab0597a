from collections.abc import Awaitable, Callable


class Basket:
    def __init__(self, price: Callable[[str], Awaitable[int]]) -> None:
        self._price = price
        self.total = 0

    async def add(self, item: str) -> None:
        self.total += await self._price(item)
