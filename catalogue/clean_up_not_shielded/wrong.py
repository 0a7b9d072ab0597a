from collections.abc import Awaitable, Callable


async def use(work: Callable[[], Awaitable[None]], log_out: Callable[[], Awaitable[None]]) -> None:
    try:
        await work()
    finally:
        await log_out()
