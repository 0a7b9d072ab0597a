"""Runs in virtual time leave nothing behind."""

import gc
import threading
import weakref
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from awaits.testing import DeadlockError, Schedule, virtual_time
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


async def sleepers() -> None:
    async with anyio.create_task_group() as tasks:
        for seconds in range(3):
            tasks.start_soon(anyio.sleep, seconds / 1_000)


async def scheduled_sleepers() -> None:
    with Schedule({(2, "every"): 2}):
        await sleepers()


@pytest.mark.parametrize("main", [sleepers, scheduled_sleepers])
def test_on_asyncio_a_run_leaves_no_more_work_for_the_garbage_collector_than_in_real_time(
    main: Callable[[], Awaitable[None]],
) -> None:
    def n_unreachable(options: dict[str, Any]) -> int:
        n_found = 0
        for _ in range(2):  # the first run imports what it needs
            gc.collect()
            gc.disable()
            try:
                anyio.run(main, backend="asyncio", backend_options=options)
                n_found = gc.collect()
            finally:
                gc.enable()
        return n_found

    assert n_unreachable(virtual_time("asyncio")) == n_unreachable({})
