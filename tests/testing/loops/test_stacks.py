"""Where other threads stand: what waits there, and that a look at them keeps nothing alive."""

import gc
import queue
import threading
import time
import weakref
from collections.abc import Callable
from functools import partial

import anyio
import anyio.to_thread
import pytest

from awaits.testing import virtual_time
from awaits.testing.loops.stacks import frames
from tests.testing.loops.shared import on_both


def test_what_a_thread_held_is_gone_when_the_thread_has_ended() -> None:
    class Thing:
        pass

    kept: list[weakref.ref[Thing]] = []
    looks, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        thing = Thing()
        kept.append(weakref.ref(thing))
        looks.set()
        may_end.wait()

    def look() -> int:
        where = frames()
        return len(where)

    thread = threading.Thread(target=hold)
    thread.start()
    looks.wait()
    gc.disable()
    try:
        assert look() >= 1
        may_end.set()
        thread.join()
        assert kept[0]() is None
    finally:
        gc.enable()


class Waits:
    """How a worker waits in C, and how a task ends that."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.lock.acquire()
        self.queue: queue.SimpleQueue[int] = queue.SimpleQueue()

    def at_a_lock(self) -> None:
        self.lock.acquire()

    def at_a_lock_for_some_time(self) -> None:
        self.lock.acquire(timeout=60)

    def in_a_block(self) -> None:
        with self.lock:
            pass

    def at_a_queue(self) -> None:
        self.queue.get()

    def end(self) -> None:
        self.lock.release()
        self.queue.put(1)


@on_both
@pytest.mark.parametrize(
    "wait",
    [
        Waits.at_a_lock,
        Waits.at_a_lock_for_some_time,
        Waits.in_a_block,
        Waits.at_a_queue,
    ],
)
def test_time_moves_on_while_a_worker_waits_in_c(
    backend: str, wait: Callable[[Waits], object]
) -> None:
    async def main() -> float:
        waits = Waits()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.to_thread.run_sync, partial(wait, waits))
            await anyio.sleep(1)
            waits.end()
        return anyio.current_time()

    assert anyio.run(main, backend=backend, backend_options=virtual_time(backend)) == 1.0


@on_both
@pytest.mark.parametrize("name", ["lock", "queue"])
def test_it_does_so_where_the_pool_itself_calls_it(backend: str, name: str) -> None:
    async def main() -> float:
        waits = Waits()
        wait: Callable[[], object] = waits.lock.acquire
        if name == "queue":
            wait = waits.queue.get
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.to_thread.run_sync, wait)
            await anyio.sleep(1)
            waits.end()
        return anyio.current_time()

    assert anyio.run(main, backend=backend, backend_options=virtual_time(backend)) == 1.0


@on_both
@pytest.mark.parametrize("work", [partial(time.sleep, 0.5), partial(sum, range(10_000_000))])
def test_time_stands_still_while_one_works_in_c(backend: str, work: Callable[[], object]) -> None:
    async def main() -> float:
        with anyio.move_on_after(5):
            await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
        return anyio.current_time()

    assert anyio.run(main, backend=backend, backend_options=virtual_time(backend)) == 0.0
