"""Threads that wait for an event loop in virtual time, by portals and their like."""

import asyncio
import concurrent.futures
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import anyio
import anyio.from_thread
import anyio.lowlevel
import anyio.to_thread
import pytest
import trio
from anyio.abc import TaskStatus
from anyio.from_thread import BlockingPortal

from awaits.testing import DeadlockError, VirtualClock, virtual_time
from awaits.testing.clock import timekeeper_of
from tests.testing.loops.shared import (
    A_MOMENT,
    beside_a_sleep,
    check_deadlock,
    on_asyncio,
    on_both,
    on_trio,
    work,
)

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


# How a thread waits for something of 5 seconds that the event loop does for it.


@asynccontextmanager
async def slow_to_enter() -> AsyncGenerator[None]:
    await anyio.sleep(5)
    yield


@asynccontextmanager
async def slow_to_leave() -> AsyncGenerator[None]:
    yield
    await anyio.sleep(5)


async def slow_to_start(*, task_status: TaskStatus[None]) -> None:
    await anyio.sleep(5)
    task_status.started()


def enter(portal: BlockingPortal) -> None:
    with portal.wrap_async_context_manager(slow_to_enter()):
        pass


def leave(portal: BlockingPortal) -> None:
    with portal.wrap_async_context_manager(slow_to_leave()):
        pass


def by_coroutine(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.run_coroutine_threadsafe(asyncio.sleep(5), loop).result()


async def on_worker(in_the_thread: Callable[[BlockingPortal], object]) -> None:
    async with BlockingPortal() as portal:
        await anyio.to_thread.run_sync(in_the_thread, portal)


ON_BOTH: dict[str, Callable[[BlockingPortal], object]] = {
    "anyio.from_thread.run": lambda _: anyio.from_thread.run(anyio.sleep, 5),
    "call": lambda portal: portal.call(anyio.sleep, 5),
    "result": lambda portal: portal.start_task_soon(anyio.sleep, 5).result(),
    "result within": lambda portal: portal.start_task_soon(anyio.sleep, 5).result(60),
    "exception": lambda portal: portal.start_task_soon(anyio.sleep, 5).exception(),
    "start_task": lambda portal: portal.start_task(slow_to_start),
    "enter": enter,
    "leave": leave,
}


FOR_EVER: dict[str, Callable[[BlockingPortal], object]] = {
    "anyio.from_thread.run": lambda _: anyio.from_thread.run(anyio.sleep_forever),
    "call": lambda portal: portal.call(anyio.sleep_forever),
}


class TestAThreadThatWaitsForTheEventLoop:
    """Time moves for it; and stands still again as soon as it has what it waited for."""

    @staticmethod
    def then_work(wait: Callable[[], object]) -> float:
        began = anyio.from_thread.run_sync(anyio.current_time)
        work()
        assert anyio.from_thread.run_sync(anyio.current_time) == began
        wait()
        work()
        return anyio.from_thread.run_sync(anyio.current_time) - began

    @pytest.mark.parametrize("wait", ON_BOTH.values(), ids=ON_BOTH)
    async def test_on_both_event_loops(self, wait: Callable[[BlockingPortal], object]) -> None:
        def then_work(portal: BlockingPortal) -> float:
            return self.then_work(lambda: wait(portal))

        async with anyio.create_task_group() as tasks, BlockingPortal() as portal:
            tasks.start_soon(anyio.sleep, 100)
            for _ in range(2):
                assert await anyio.to_thread.run_sync(then_work, portal) == 5.0
        assert anyio.current_time() == 100.0

    @on_asyncio
    async def test_of_asyncio(self) -> None:
        loop = asyncio.get_running_loop()
        with concurrent.futures.ThreadPoolExecutor() as executor:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(asyncio.sleep(100))
                await asyncio.to_thread(by_coroutine, loop)
                assert loop.time() == 5.0
                await loop.run_in_executor(executor, by_coroutine, loop)
                assert loop.time() == 10.0
                await loop.run_in_executor(executor, work)
                assert loop.time() == 10.0

    @on_trio
    async def test_of_trio(self) -> None:
        async with trio.open_nursery() as tasks:
            tasks.start_soon(trio.sleep, 100)
            await trio.to_thread.run_sync(trio.from_thread.run, trio.sleep, 5)
            assert trio.current_time() == 5.0
            await trio.to_thread.run_sync(work)
            assert trio.current_time() == 5.0

    async def test_one_that_asks_and_does_not_wait_is_out(self) -> None:
        def ask(portal: BlockingPortal) -> None:
            future = portal.start_task_soon(anyio.sleep, 5)
            work()
            assert portal.call(anyio.current_time) == 0.0
            future.result()
            assert portal.call(anyio.current_time) == 5.0
            assert future.result() is None

        await on_worker(ask)

    async def test_one_that_waits_no_longer_is_out(self) -> None:
        def wait_a_moment(portal: BlockingPortal) -> None:
            future = portal.start_task_soon(anyio.sleep_forever)
            with pytest.raises(TimeoutError):
                future.result(A_MOMENT)
            sleep = portal.start_task_soon(anyio.sleep, 5)
            work()
            assert portal.call(anyio.current_time) == 0.0
            sleep.result()
            future.cancel()

        await on_worker(wait_a_moment)
        await anyio.sleep(5)
        assert anyio.current_time() == 10.0

    async def test_another_thread_is_out_all_the_same(self) -> None:
        async with anyio.create_task_group() as tasks:
            sleep_in_the_loop = lambda: anyio.from_thread.run(anyio.sleep, 5)  # noqa: E731
            tasks.start_soon(anyio.to_thread.run_sync, sleep_in_the_loop)
            await anyio.to_thread.run_sync(work)
            assert anyio.current_time() == 0.0
        assert anyio.current_time() == 5.0

    async def test_one_that_is_no_worker_does_not_count(self) -> None:
        token, came = anyio.lowlevel.current_token(), anyio.Event()

        def come() -> None:
            anyio.from_thread.run(anyio.sleep, 5, token=token)
            anyio.from_thread.run_sync(came.set, token=token)

        thread = threading.Thread(target=come)
        thread.start()
        await anyio.to_thread.run_sync(work)
        assert anyio.current_time() == 0.0
        await came.wait()
        assert anyio.current_time() == 5.0
        await anyio.to_thread.run_sync(thread.join)

    @on_asyncio
    async def test_one_that_waits_for_another_thread_is_out(self) -> None:
        loop = asyncio.get_running_loop()

        def wait_for_another() -> None:
            with concurrent.futures.ThreadPoolExecutor() as pool:
                working = pool.submit(work)
                loop.call_soon_threadsafe(lambda: working)
                working.result()

        assert await beside_a_sleep(lambda: asyncio.to_thread(wait_for_another)) == 0.0

    @on_asyncio
    async def test_what_it_has_called_may_know_names_that_come_later(self) -> None:
        loop = asyncio.get_running_loop()
        called: list[str] = []
        is_there = threading.Event()

        def call() -> None:
            def note() -> None:
                is_there.wait()
                called.append(later)

            loop.call_soon_threadsafe(note)
            later: str = "later"
            is_there.set()

        await asyncio.to_thread(call)
        await asyncio.sleep(1)  # from Python 3.14 on, the thread may end first
        assert called == ["later"]

    @on_asyncio
    async def test_a_thread_that_was_a_worker_does_not_count(self) -> None:
        loop = asyncio.get_running_loop()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            await loop.run_in_executor(pool, int)
            asked = pool.submit(by_coroutine, loop)
            await asyncio.to_thread(work)
            assert loop.time() == 0.0
            await asyncio.wrap_future(asked)
            assert loop.time() == 5.0

    @pytest.mark.real_time
    @on_both
    def test_the_main_thread_has_the_event_loop_beside_it(self, backend: str) -> None:
        with anyio.from_thread.start_blocking_portal(backend, virtual_time(backend)) as portal:
            for seconds in (5.0, 10.0):
                work()
                portal.call(anyio.sleep, 5)
                assert portal.call(anyio.current_time) == seconds
        with pytest.raises(RuntimeError, match="not running"):
            portal.call(anyio.sleep, 5)

    @pytest.mark.real_time
    @on_both
    def test_a_future_outlives_its_event_loop(self, backend: str) -> None:
        with anyio.from_thread.start_blocking_portal(backend, virtual_time(backend)) as portal:
            future = portal.start_task_soon(anyio.sleep, 5)
        assert future.result() is None


class TestDeadlock:
    """A thread that waits for the event loop for ever is deadlocked with it."""

    @on_both
    @pytest.mark.real_time
    @pytest.mark.parametrize("in_the_thread", FOR_EVER.values(), ids=FOR_EVER)
    def test_a_worker_that_waits_for_ever_is_in_it(
        self, backend: str, in_the_thread: Callable[[BlockingPortal], object]
    ) -> None:
        check_deadlock(backend, lambda: on_worker(in_the_thread))

    @on_both
    @pytest.mark.real_time
    def test_the_main_thread_that_waits_for_ever_is_told(self, backend: str) -> None:
        options = virtual_time(backend)
        with (
            anyio.from_thread.start_blocking_portal(backend, options) as portal,
            pytest.raises(DeadlockError, match=r"BlockingPortal\._call_func, waits"),
        ):
            portal.call(anyio.sleep_forever)

    @on_both
    @pytest.mark.real_time
    def test_what_is_cancelled_otherwise_is_cancelled(self, backend: str) -> None:
        options = virtual_time(backend)
        with anyio.from_thread.start_blocking_portal(backend, options) as portal:
            future = portal.start_task_soon(anyio.sleep_forever)
            future.cancel()
            with pytest.raises(concurrent.futures.CancelledError):
                future.result()

    @on_trio
    async def test_what_is_cancelled_after_one_is_cancelled(
        self, virtual_clock: VirtualClock
    ) -> None:
        def cancel(portal: BlockingPortal) -> None:
            future = portal.start_task_soon(anyio.sleep_forever)
            future.cancel()
            with pytest.raises(concurrent.futures.CancelledError):
                future.result()

        with pytest.raises(DeadlockError):
            await anyio.sleep_forever()
        timekeeper_of(virtual_clock).restart()
        await on_worker(cancel)
