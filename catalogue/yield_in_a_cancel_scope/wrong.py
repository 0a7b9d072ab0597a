from collections.abc import AsyncIterator, Awaitable, Callable

import anyio


async def lines(read: Callable[[], Awaitable[str]]) -> AsyncIterator[str]:
    with anyio.move_on_after(0.2):
        while line := await read():
            yield line
