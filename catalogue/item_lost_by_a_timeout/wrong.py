from collections.abc import Awaitable, Callable

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream


async def take(
    jobs: MemoryObjectReceiveStream[str], log: Callable[[str], Awaitable[None]]
) -> str | None:
    job = None
    with anyio.move_on_after(0.1):
        taken = await jobs.receive()
        await log(taken)
        job = taken
    return job
