import asyncio
from collections.abc import Awaitable, Callable

import anyio


async def deliver(send: Callable[[], Awaitable[None]]) -> None:
    with anyio.fail_after(1):
        await send()
        await asyncio.sleep(0.02)  # the receipt
