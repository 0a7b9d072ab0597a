from collections.abc import Awaitable, Callable

import anyio


async def deliver(send: Callable[[], Awaitable[bool]]) -> int:
    tries = 1
    while not await send():
        await anyio.sleep(0.3)
        tries += 1
    return tries
