from collections.abc import Awaitable, Callable

import anyio


async def answer(connect: Callable[[], Awaitable[None]], ask: Callable[[], Awaitable[str]]) -> str:
    limit = anyio.move_on_after(0.2)
    await connect()
    with limit:
        return await ask()
    return "too late"
