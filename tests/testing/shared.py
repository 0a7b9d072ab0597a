"""What tests of several rooms of the kit share."""

import anyio
from anyio.lowlevel import checkpoint

from awaits.testing import Schedule

Events = list[tuple[str, float]]
Log = list[str]


def record(events: Events, event: str) -> None:
    events.append((event, anyio.current_time()))


async def steps(name: str, n_steps: int, log: Log) -> None:
    """Take steps, each until the next await."""
    for number in range(1, n_steps + 1):
        log.append(f"{name}{number}")
        if number < n_steps:
            await checkpoint()


async def play(schedule: Schedule, *tasks: str, n_steps: int = 3) -> str:
    """Return in which order tasks take their steps under a schedule."""
    log: Log = []
    with schedule:
        async with anyio.create_task_group() as group:
            for name in tasks:
                group.start_soon(steps, name, n_steps, log)
    return " ".join(log)
