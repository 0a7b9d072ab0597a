"""Runs in virtual time leave nothing behind."""

import gc
import threading
import weakref

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from awaits.testing import DeadlockError, virtual_time
from awaits.testing.clock import VirtualClock, timekeeper_of
from awaits.testing.loops.threads import _of_loops  # pyright: ignore[reportPrivateUsage]
from tests.testing.loops.shared import on_both

N_RUNS = 20


def wait_for_worker_threads() -> None:
    """Wait for anyio's threads on asyncio: they end by themselves, a moment after their loop."""
    for thread in threading.enumerate():
        if thread.name == "AnyIO worker thread":
            thread.join(60)


async def in_a_thread() -> None:
    await anyio.to_thread.run_sync(int)


@on_both
@pytest.mark.parametrize("ends", ["well", "in a deadlock"])
def test_no_event_loop_is_left_nor_anything_in_the_registries(backend: str, ends: str) -> None:
    gc.collect()
    before = set(_of_loops)  # of other tests, which somebody may still hold
    clock = VirtualClock()
    loops: list[weakref.ref[object]] = []

    async def main() -> None:
        loops.append(weakref.ref(timekeeper_of(clock).run))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(clock.advance, 5)
            tasks.start_soon(in_a_thread)
            await anyio.sleep(10)
        with anyio.move_on_after(3600):
            await anyio.lowlevel.checkpoint()
        if ends != "well":
            await anyio.sleep_forever()

    for _ in range(N_RUNS):
        try:
            anyio.run(main, backend=backend, backend_options=virtual_time(backend, clock))
        except DeadlockError:
            assert ends != "well"
    wait_for_worker_threads()
    gc.collect()

    assert len(loops) == N_RUNS
    assert [loop() for loop in loops if loop() is not None] == []
    assert set(_of_loops) <= before
    assert timekeeper_of(clock).run is None
