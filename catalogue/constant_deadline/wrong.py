from collections.abc import Awaitable, Callable

import anyio


async def answer(ask: Callable[[], Awaitable[str]]) -> str:
    with anyio.CancelScope(deadline=5):
        return await ask()
    return "too late"
