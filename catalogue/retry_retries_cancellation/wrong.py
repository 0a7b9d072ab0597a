from collections.abc import Awaitable, Callable


async def deliver(send: Callable[[], Awaitable[None]]) -> int:
    tries = 1
    while tries < 4:
        try:
            await send()
            break
        except BaseException:
            tries += 1
    return tries
