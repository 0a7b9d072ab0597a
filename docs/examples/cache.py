"""A cache in front of something slow."""

from collections.abc import Awaitable, Callable


class Cache:
    def __init__(self, load: Callable[[str], Awaitable[int]]) -> None:
        self._load = load
        self._values: dict[str, int] = {}

    async def get(self, key: str) -> int:
        if key not in self._values:
            self._values[key] = await self._load(key)
        return self._values[key]

    def invalidate(self, key: str) -> None:
        self._values.pop(key, None)
