import time
from collections.abc import Awaitable, Callable


async def deliver(send: Callable[[], Awaitable[bool]]) -> int:
    tries = 1
    while not await send():
        time.sleep(0.3)
        tries += 1
    return tries
