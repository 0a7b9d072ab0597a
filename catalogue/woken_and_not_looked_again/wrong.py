import anyio


class Shelf:
    def __init__(self) -> None:
        self._items: list[str] = []
        self._changed = anyio.Condition()

    async def put(self, *items: str) -> None:
        async with self._changed:
            self._items += items
            self._changed.notify_all()

    async def take(self) -> str:
        async with self._changed:
            if not self._items:
                await self._changed.wait()
            return self._items.pop()
