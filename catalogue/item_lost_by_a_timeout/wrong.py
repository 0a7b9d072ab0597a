from collections.abc import Awaitable, Callable

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream


async def take(
    jobs: MemoryObjectReceiveStream[str], log: Callable[[str], Awaitable[None]]
) -> str | None:
    with anyio.move_on_after(0.1):
        job = await jobs.receive()
        await log(job)
        return job
    return None
