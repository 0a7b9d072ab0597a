"""What tests of event loops and their threads share."""

import math
import time
from collections.abc import Awaitable, Callable

import anyio
import pytest

from awaits.testing import DeadlockError, VirtualClock, virtual_time
from awaits.testing.loops.threads import Threads

on_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"])
on_trio = pytest.mark.parametrize("anyio_backend", ["trio"])
on_both = pytest.mark.parametrize("backend", ["asyncio", "trio"])

A_MOMENT = 0.02  # real seconds


class NoLoop:
    """Stands for an event loop that does nothing."""

    def soon(self, function: Callable[[], object]) -> None:
        """Do not call a function."""


NO_LOOP = NoLoop()


def threads_beside_no_loop() -> Threads:
    return Threads(NO_LOOP, lambda: None, NO_LOOP.soon, tuple)


def work() -> None:
    time.sleep(A_MOMENT)


async def beside_a_sleep(in_a_thread: Callable[[], Awaitable[object]]) -> float:
    """Return when a thread ends that works beside a task that sleeps for ten seconds."""
    ended = [math.nan]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(anyio.sleep, 10)
        await in_a_thread()
        ended.append(anyio.current_time())
    return ended[-1]


def check_deadlock(
    backend: str, main: Callable[[], Awaitable[None]], clock: VirtualClock | None = None
) -> None:
    """Run a function in virtual time; check that it ends in a deadlock at once."""
    with pytest.raises(DeadlockError, match=r"^At 0\.0 s, nothing can ever run again:\n"):
        anyio.run(main, backend=backend, backend_options=virtual_time(backend, clock))
