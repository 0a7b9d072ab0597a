from collections.abc import Awaitable, Callable

import anyio


async def answer(ask: Callable[[], Awaitable[str]]) -> str:
    with anyio.CancelScope(deadline=anyio.current_time() + 5):
        return await ask()
    return "too late"
