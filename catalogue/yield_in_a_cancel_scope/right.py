from collections.abc import AsyncIterator, Awaitable, Callable

import anyio


async def lines(read: Callable[[], Awaitable[str]]) -> AsyncIterator[str]:
    while True:
        line = ""
        with anyio.move_on_after(0.2):
            line = await read()
        if not line:
            break
        yield line
