"""Threads that are no workers of an event loop: time waits for them as well, if not for long."""

import asyncio
import contextlib
import os
import queue
import socketserver
import threading
import time
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeAlias
from unittest import mock

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest
import trio

from awaits.testing import virtual_time
from awaits.testing.loops import alone, real, sleeps, stacks, threads
from awaits.testing.loops.threads import Threads
from tests.testing.loops.shared import A_MOMENT, on_both, threads_beside_no_loop, work

Answer: TypeAlias = Callable[[], Awaitable[object]]


class Connection:
    """A database's connection: its thread takes jobs from a queue, and calls the event loop."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[asyncio.Future[None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def _work(self) -> None:
        while (answer := self._jobs.get()) is not None:
            work()
            answer.get_loop().call_soon_threadsafe(answer.set_result, None)

    async def ask(self) -> None:
        answer = asyncio.get_running_loop().create_future()
        self._jobs.put(answer)
        await answer

    def close(self) -> None:
        self._jobs.put(None)
        self._thread.join()


@contextmanager
def connection() -> Generator[Connection]:
    it = Connection()
    try:
        yield it
    finally:
        it.close()


def run(backend: str, main: Callable[[], Awaitable[None]]) -> None:
    anyio.run(main, backend=backend, backend_options=virtual_time(backend))


async def ask_a_connection() -> None:
    with connection() as it:
        for _ in range(3):
            await it.ask()


async def ask_a_pool() -> None:
    with ThreadPoolExecutor(1) as pool:
        await asyncio.wrap_future(pool.submit(work))


async def ask_a_thread() -> None:
    loop = asyncio.get_running_loop()
    answer = loop.create_future()

    def answers() -> None:
        work()
        loop.call_soon_threadsafe(answer.set_result, None)

    thread = threading.Thread(target=answers)
    thread.start()
    await answer
    thread.join()


async def ask_a_thread_on_trio() -> None:
    answer, token = trio.Event(), trio.lowlevel.current_trio_token()

    def answers() -> None:
        work()
        token.run_sync_soon(answer.set)

    thread = threading.Thread(target=answers)
    thread.start()
    await answer.wait()
    thread.join()


@pytest.mark.parametrize(
    ("backend", "ask"),
    [
        ("asyncio", ask_a_connection),
        ("asyncio", ask_a_pool),
        ("asyncio", ask_a_thread),
        ("trio", ask_a_thread_on_trio),
    ],
)
def test_time_stands_still_while_a_thread_works_that_the_test_has_started(
    backend: str, ask: Answer
) -> None:
    async def main() -> None:
        with anyio.fail_after(5):
            await ask()
        assert anyio.current_time() == 0.0

    run(backend, main)


def test_time_stands_still_while_a_thread_works_that_has_called_an_event_loop_before() -> None:
    async def main() -> None:
        with anyio.fail_after(5):
            await it.ask()
            await it.ask()
        assert anyio.current_time() == 0.0
        await anyio.sleep(3600)
        assert anyio.current_time() == 3600.0

    with connection() as it:
        asyncio.run(it.ask())  # in real time, where nobody notices
        for _ in range(2):
            run("asyncio", it.ask)
            run("asyncio", main)


@contextmanager
def noted_waits() -> Generator[list[float]]:
    """Give a list of how many seconds each look at the other threads has made time wait."""
    waited: list[float] = []
    hold = Threads.hold

    def held(self: Threads, watches_sockets: Callable[[], bool]) -> float | None:
        seconds = hold(self, watches_sockets)
        waited.append(seconds or 0.0)
        return seconds

    with mock.patch.object(Threads, "hold", held):
        yield waited


@contextmanager
def going_on(n_threads: int) -> Generator[Callable[[], None]]:
    """Give a function that starts threads; they work until the block ends."""
    is_over = threading.Event()

    def goes_on() -> None:
        while not is_over.is_set():
            time.sleep(0.001)

    started = [threading.Thread(target=goes_on) for _ in range(n_threads)]

    def start() -> None:
        for thread in started:
            thread.start()

    try:
        yield start
    finally:
        is_over.set()
        for thread in started:
            thread.join()


@on_both
def test_threads_that_go_on_for_ever_hold_time_for_a_while_together(backend: str) -> None:
    async def main() -> None:
        start()
        for _ in range(2):
            await anyio.sleep(3600)
        assert anyio.current_time() == 7200.0

    with (
        mock.patch.object(alone, "SECONDS_ALONE", A_MOMENT),
        noted_waits() as waited,
        going_on(5) as start,
    ):
        run(backend, main)
        n_times = waited.index(0.0)
        assert n_times
        assert not any(waited[n_times:])  # as long as they do not rest
        waited.clear()
        run(backend, anyio.lowlevel.checkpoint)  # they are older than this run
        run(backend, lambda: anyio.sleep(1))
        assert not any(waited)


def test_one_that_has_called_an_event_loop_and_goes_on_holds_time_in_no_later_run() -> None:
    is_over = threading.Event()

    async def main() -> None:
        call_soon = asyncio.get_running_loop().call_soon_threadsafe

        def goes_on() -> None:
            call_soon(int)
            while not is_over.is_set():
                time.sleep(0.001)

        threading.Thread(target=goes_on).start()
        await anyio.sleep(3600)

    with mock.patch.object(alone, "SECONDS_ALONE", A_MOMENT):
        run("asyncio", main)
    with noted_waits() as waited:
        run("asyncio", lambda: anyio.sleep(1))
    is_over.set()
    assert waited
    assert not any(waited)


async def poll_until_a_task_has_slept() -> None:
    is_over = threading.Event()

    def polls() -> None:
        while not is_over.wait(0.001):
            pass

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(anyio.to_thread.run_sync, polls)
        await anyio.sleep(A_MOMENT)
        assert anyio.current_time() == A_MOMENT
        is_over.set()


@on_both
def test_a_worker_that_goes_on_until_a_task_has_slept_holds_time_for_a_while(backend: str) -> None:
    with mock.patch.object(threads, "SECONDS_AT_ONE_JOB", A_MOMENT):
        run(backend, poll_until_a_task_has_slept)


@on_both
def test_a_server_that_waits_for_the_world_outside_does_not_keep_time_from_moving(
    backend: str,
) -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
        serves = threading.Thread(target=server.serve_forever, args=(0.001,))
        serves.start()
        with mock.patch.object(threads, "SECONDS_AT_ONE_JOB", A_MOMENT):
            run(backend, poll_until_a_task_has_slept)
        server.shutdown()
        serves.join()


@pytest.mark.real_time
def test_it_is_known_whether_a_thread_that_waits_has_been_woken() -> None:
    event, jobs, lock = threading.Event(), queue.SimpleQueue[int](), threading.Lock()
    lock.acquire()

    def gets() -> None:
        it = jobs
        it.get()

    def acquires() -> None:
        with lock:
            pass

    waiting = [threading.Thread(target=it) for it in (event.wait, gets, acquires)]
    for thread in waiting:
        thread.start()

    def seen() -> list[stacks.Doing]:
        frames = stacks.frames()
        return [stacks.doing(frames[it.ident or 0]) for it in waiting]

    rests, at_lock = "rests", "waits at a lock"
    while seen() not in ([rests, rests, at_lock], [rests, at_lock, at_lock]):  # by Python's version
        time.sleep(0.001)
    event.set()
    jobs.put(1)
    lock.release()
    for thread in waiting:
        thread.join()


@pytest.mark.parametrize("is_told", sorted({False, sleeps.SLEEPS_ARE_TOLD}))
@pytest.mark.real_time
def test_one_that_waits_at_a_lock_holds_time_until_it_is_looked_at_again(is_told: bool) -> None:
    lock = threading.Lock()
    lock.acquire()

    def acquires() -> None:
        with lock:
            pass

    beside = threads_beside_no_loop()
    thread = threading.Thread(target=acquires)
    thread.start()
    with (
        mock.patch.object(alone, "SECONDS_TO_WAKE", 1e-9),
        mock.patch.object(alone, "SLEEPS_ARE_TOLD", is_told),
        mock.patch.object(sleeps, "SLEEPS_ARE_TOLD", is_told),
    ):
        while beside.hold(bool):
            time.sleep(0.001)
        held = [bool(beside.hold(bool)) for _ in range(4)]
    lock.release()
    thread.join()
    # On Linux, which tells that it has slept all the while, it is known to wait.
    assert held == ([False] * 4 if is_told else [True, False, True, False])


@pytest.mark.real_time
def test_one_that_reads_a_pipe_line_by_line_holds_time_until_it_is_looked_at_again() -> None:
    reader, writer = map(os.fdopen, os.pipe(), "rw")

    def reads() -> None:
        for _ in reader:
            pass

    thread = threading.Thread(target=reads)
    thread.start()
    seen: stacks.Doing = "works"
    while seen == "works":  # it begins
        seen = stacks.doing(stacks.frames()[thread.ident or 0])
    writer.close()
    thread.join()
    reader.close()
    assert seen == "waits at a lock"


@pytest.mark.skipif(not sleeps.SLEEPS_ARE_TOLD, reason="Only Linux tells.")
@pytest.mark.real_time
def test_one_that_was_woken_and_waits_for_python_s_own_lock_holds_time_anew() -> None:
    lock = threading.Lock()
    beside = threads_beside_no_loop()

    def waits() -> None:
        with lock:
            pass

    thread, n_slept = threading.Thread(target=waits), [-1, -1, -1, -2, -2, None, -2, -2]
    with lock:
        thread.start()
        with mock.patch.object(alone, "SECONDS_TO_WAKE", 1e-9):
            while beside.hold(bool):
                time.sleep(0.001)
            with mock.patch.object(sleeps, "n_sleeps", side_effect=n_slept):
                held = [bool(beside.hold(bool)) for _ in n_slept]
    thread.join()
    assert held == [True, False, False, True, False, True, True, False]


@on_both
def test_one_that_asks_a_queue_again_and_again_holds_time_for_a_while(backend: str) -> None:
    jobs: queue.Queue[None] = queue.Queue()

    def polls() -> None:
        while True:
            with contextlib.suppress(queue.Empty):
                return jobs.get_nowait()

    async def main() -> None:
        thread = threading.Thread(target=polls)
        thread.start()
        await anyio.sleep(3600)
        jobs.put(None)
        thread.join()

    run(backend, main)


@pytest.mark.real_time
@pytest.mark.parametrize(("calls", "given_up_after"), [(False, 1.0), (True, 10.0)])
def test_one_that_calls_the_event_loop_may_work_for_longer(
    calls: bool, given_up_after: float
) -> None:
    beside = threads_beside_no_loop()
    has_called, ended = threading.Semaphore(0), threading.Event()

    def works() -> None:
        while not ended.is_set():
            if may_call.pop("", False):
                beside.alone.is_called()
                has_called.release()

    may_call: dict[str, bool] = {}
    with mock.patch.object(real, "seconds", return_value=0.0) as seconds:
        thread = threading.Thread(target=works)
        thread.start()
        while beside.hold(bool):
            seconds.return_value += 0.5
            if calls:
                may_call[""] = True
                has_called.acquire()
    ended.set()
    thread.join()
    assert seconds.return_value == given_up_after
