from collections.abc import Awaitable, Callable

import anyio


class Mailbox:
    def __init__(self, show: Callable[[str], Awaitable[None]]) -> None:
        self._show = show
        self._letters: list[str] = []
        self._arrived = anyio.Event()

    def put(self, letter: str) -> None:
        self._letters.append(letter)
        self._arrived.set()
        self._arrived = anyio.Event()

    async def get(self) -> str:
        while not self._letters:
            arrived = self._arrived
            await self._show("no letters")
            await arrived.wait()
        return self._letters.pop(0)
