import anyio
from anyio.abc import TaskStatus


async def heartbeat(
    beats: list[float], *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED
) -> None:
    while True:
        beats.append(anyio.current_time())
        await anyio.sleep(0.05)


async def watched(beats: list[float]) -> str:
    async with anyio.create_task_group() as tasks:
        await tasks.start(heartbeat, beats)
        await anyio.sleep(0.2)  # the work
        tasks.cancel_scope.cancel()
    return "done"
