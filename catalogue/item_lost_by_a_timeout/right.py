from collections.abc import Awaitable, Callable

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream


async def take(
    jobs: MemoryObjectReceiveStream[str], log: Callable[[str], Awaitable[None]]
) -> str | None:
    job = None
    with anyio.move_on_after(0.1):
        job = await jobs.receive()
    if job is not None:
        await log(job)
    return job
