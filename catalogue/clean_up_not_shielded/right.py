from collections.abc import Awaitable, Callable

import anyio


async def use(work: Callable[[], Awaitable[None]], log_out: Callable[[], Awaitable[None]]) -> None:
    try:
        await work()
    finally:
        with anyio.move_on_after(1, shield=True):
            await log_out()
