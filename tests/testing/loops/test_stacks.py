"""Where other threads stand: what waits there, and that a look at them keeps nothing alive."""

import asyncio
import gc
import os
import queue
import select
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from functools import partial

import anyio
import anyio.to_thread
import pytest
import uvloop

from awaits.testing import virtual_time
from awaits.testing.loops.stacks import doing, ends_by_itself, frames, waits
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


def asks_epoll(reader: int, _loop: asyncio.AbstractEventLoop) -> None:
    with select.epoll() as poll:
        poll.register(reader, select.EPOLLIN)
        for seconds in [*[0] * 100, -1]:  # Python 3.11 makes calls quicker that come again
            poll.poll(seconds, 1)


def reads(reader: int, _loop: asyncio.AbstractEventLoop) -> None:
    os.read(reader, 1)


def waits_for_a_process(reader: int, _loop: asyncio.AbstractEventLoop) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=reader)
    os.waitpid(process.pid, 0)
    process.returncode = 0  # or it warns


def runs_uvloop(_reader: int, loop: asyncio.AbstractEventLoop) -> None:
    loop.run_forever()


@pytest.mark.skipif(not hasattr(select, "epoll"), reason="epoll is Linux's.")
@pytest.mark.parametrize("wait", [asks_epoll, reads, waits_for_a_process, runs_uvloop])
def test_it_is_known_that_a_thread_waits_for_the_world_outside(
    wait: Callable[[int, asyncio.AbstractEventLoop], None],
) -> None:
    reader, writer = os.pipe()
    loop = uvloop.new_event_loop()
    thread = threading.Thread(target=wait, args=(reader, loop))
    thread.start()
    does = "works"
    for _ in range(1_000):  # it begins
        time.sleep(0.01)
        frame = frames().get(thread.ident or 0)
        does = "works" if frame is None or frame.f_code is not wait.__code__ else doing(frame)
        if does == "waits outside":
            break
    os.write(writer, b"\n")
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
    os.close(reader)
    os.close(writer)
    assert does == "waits outside"


def test_a_thread_that_runs_a_function_written_in_c_does_not_wait() -> None:
    reader, writer = os.pipe()
    thread = threading.Thread(target=os.read, args=(reader, 1))
    thread.start()
    found = frames()[thread.ident or 0]
    while found.f_code is not threading.Thread.run.__code__:
        found = frames()[thread.ident or 0]
    assert not waits(found)
    os.write(writer, b"x")
    thread.join()
    os.close(reader)
    os.close(writer)


def test_only_a_wait_with_a_limit_ends_by_itself() -> None:
    event = threading.Event()
    other = threading.Thread(target=event.wait)
    other.start()
    threads = {
        threading.Thread(target=lambda: event.wait(60)): True,
        threading.Thread(target=lambda: other.join(60)): True,
        threading.Thread(target=lambda: event.wait()): False,  # noqa: PLW0108 as the others
        threading.Thread(target=lambda: other.join()): False,  # noqa: PLW0108 as the others
    }
    for thread in threads:
        thread.start()
    for thread, ends in threads.items():
        while not waits(frame := frames()[thread.ident or 0]):
            pass
        assert ends_by_itself(frame) is ends
    event.set()
    for thread in threads:
        thread.join()
