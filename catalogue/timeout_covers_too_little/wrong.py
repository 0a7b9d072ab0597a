from collections.abc import Awaitable, Callable

import anyio


async def answer(connect: Callable[[], Awaitable[None]], ask: Callable[[], Awaitable[str]]) -> str:
    with anyio.fail_after(0.2):
        await connect()
    return await ask()
