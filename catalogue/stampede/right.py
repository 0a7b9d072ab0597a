from collections.abc import Awaitable, Callable

import anyio


class Cache:
    def __init__(self, fetch: Callable[[str], Awaitable[str]]) -> None:
        self._fetch = fetch
        self._kept: dict[str, str] = {}
        self._lock = anyio.Lock()

    async def get(self, key: str) -> str:
        async with self._lock:
            if key not in self._kept:
                self._kept[key] = await self._fetch(key)
            return self._kept[key]
