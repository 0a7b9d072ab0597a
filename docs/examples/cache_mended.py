"""The cache, mended: what was invalidated while it was loaded is not kept."""

from collections import Counter
from collections.abc import Awaitable, Callable

from cache import Cache


class MendedCache(Cache):
    def __init__(self, load: Callable[[str], Awaitable[int]]) -> None:
        super().__init__(load)
        self._invalidated = Counter[str]()

    async def get(self, key: str) -> int:
        while key not in self._values:
            before = self._invalidated[key]
            value = await self._load(key)
            if self._invalidated[key] == before:
                self._values[key] = value
        return self._values[key]

    def invalidate(self, key: str) -> None:
        super().invalidate(key)
        self._invalidated[key] += 1
