"""Threads beside an event loop in virtual time: those it waits for, and those that wait for it."""

import asyncio
import concurrent.futures
import math
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from unittest import mock

import anyio
import anyio.from_thread
import anyio.lowlevel
import anyio.to_thread
import pytest
import trio
from anyio.abc import TaskStatus
from anyio.from_thread import BlockingPortal

from awaits.testing import DeadlockError, VirtualClock, virtual_time
from awaits.testing.threads import Threads

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

on_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"])
on_trio = pytest.mark.parametrize("anyio_backend", ["trio"])
on_both = pytest.mark.parametrize("backend", ["asyncio", "trio"])

A_MOMENT = 0.02  # real seconds


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


class TestAThreadThatIsOut:
    """Time stands still meanwhile, whoever sent it."""

    @pytest.fixture
    def release(self) -> Iterator[threading.Event]:
        release = threading.Event()
        yield release
        release.set()

    async def test_a_thread_of_anyio(self) -> None:
        assert await beside_a_sleep(lambda: anyio.to_thread.run_sync(work)) == 0.0

    async def test_a_thread_with_a_limiter_of_its_own(self) -> None:
        limiter = anyio.CapacityLimiter(1)
        assert await beside_a_sleep(lambda: anyio.to_thread.run_sync(work, limiter=limiter)) == 0.0

    @on_asyncio
    async def test_a_thread_of_asyncio(self) -> None:
        assert await beside_a_sleep(lambda: asyncio.to_thread(work)) == 0.0

    @on_asyncio
    async def test_a_thread_of_an_executor(self) -> None:
        loop = asyncio.get_running_loop()
        with concurrent.futures.ThreadPoolExecutor() as executor:
            assert await beside_a_sleep(lambda: loop.run_in_executor(executor, work)) == 0.0

    @on_asyncio
    async def test_a_process_of_an_executor(self) -> None:
        loop = asyncio.get_running_loop()
        with concurrent.futures.ProcessPoolExecutor(1) as executor:
            assert await beside_a_sleep(lambda: loop.run_in_executor(executor, abs, -1)) == 0.0

    @on_trio
    async def test_a_thread_of_trio(self) -> None:
        assert await beside_a_sleep(lambda: trio.to_thread.run_sync(work)) == 0.0

    async def test_one_who_waits_for_a_free_thread_does_not_hold_time_up(self) -> None:
        limiter = anyio.CapacityLimiter(1)
        async with anyio.create_task_group() as tasks:
            async with limiter:
                tasks.start_soon(lambda: anyio.to_thread.run_sync(int, limiter=limiter))
                await anyio.sleep(5)
        assert anyio.current_time() == 5.0

    async def test_an_abandoned_thread_does_not_hold_time_up(
        self, release: threading.Event
    ) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: anyio.to_thread.run_sync(release.wait, abandon_on_cancel=True))
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
        await anyio.sleep(5)
        assert anyio.current_time() == 5.0

    async def test_a_thread_that_fails_lets_time_go_on(self) -> None:
        with pytest.raises(ZeroDivisionError):
            await anyio.to_thread.run_sync(lambda: 1 // 0)
        await anyio.sleep(5)
        assert anyio.current_time() == 5.0

    async def test_a_thread_that_waits_for_another_event_loop_is_out(self) -> None:
        def work_elsewhere() -> None:
            with anyio.from_thread.start_blocking_portal() as portal:
                portal.call(anyio.sleep, A_MOMENT)

        assert await beside_a_sleep(lambda: anyio.to_thread.run_sync(work_elsewhere)) == 0.0


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
    """Who waits for a thread is not deadlocked, unless the thread waits as well."""

    async def test_of_a_worker(self) -> None:
        await anyio.to_thread.run_sync(work)

    async def test_of_no_worker(self) -> None:
        token, came = anyio.lowlevel.current_token(), anyio.Event()

        def come() -> None:
            anyio.from_thread.run_sync(came.set, token=token)

        threading.Timer(A_MOMENT, come).start()
        await came.wait()

    @on_asyncio
    async def test_of_a_pool_that_the_event_loop_does_not_know(self) -> None:
        with concurrent.futures.ThreadPoolExecutor() as pool:
            await asyncio.wrap_future(pool.submit(work))

    @on_both
    @pytest.mark.real_time
    @pytest.mark.parametrize("in_the_thread", FOR_EVER.values(), ids=FOR_EVER)
    def test_a_worker_that_waits_for_ever_is_in_it(
        self, backend: str, in_the_thread: Callable[[BlockingPortal], object]
    ) -> None:
        self.check(backend, lambda: on_worker(in_the_thread))

    @on_both
    @pytest.mark.real_time
    def test_the_main_thread_that_waits_for_ever_is_told(self, backend: str) -> None:
        options = virtual_time(backend)
        with (
            anyio.from_thread.start_blocking_portal(backend, options) as portal,
            pytest.raises(DeadlockError, match=r"BlockingPortal\._call_func waits"),
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
        virtual_clock.restart()
        await on_worker(cancel)

    @on_both
    @pytest.mark.real_time
    def test_a_thread_that_ends_was_not_worth_waiting_for(self, backend: str) -> None:
        async def main() -> None:
            threading.Thread(target=work).start()
            await anyio.sleep_forever()

        self.check(backend, main)

    @on_both
    @pytest.mark.real_time
    def test_threads_that_have_no_work_are_not_waited_for(self, backend: str) -> None:
        async def main() -> None:
            await anyio.to_thread.run_sync(work)
            if backend == "asyncio":
                await asyncio.to_thread(work)
            await anyio.sleep_forever()

        self.check(backend, main)

    @on_both
    @pytest.mark.real_time
    def test_threads_that_were_there_before_are_not_waited_for(
        self, backend: str, before: threading.Thread
    ) -> None:
        before.start()
        self.check(backend, anyio.sleep_forever)

    @on_both
    @pytest.mark.real_time
    def test_nor_those_of_an_earlier_test_on_the_same_event_loop(
        self, backend: str, before: threading.Thread
    ) -> None:
        clock = VirtualClock()

        async def main() -> None:
            before.start()
            clock.restart()
            await anyio.sleep_forever()

        self.check(backend, main, clock)

    async def test_a_thread_that_comes_at_the_last_moment_is_heard(self) -> None:
        token, came = anyio.lowlevel.current_token(), anyio.Event()

        def come(*_threads: Threads) -> bool:
            token.backend_class.run_sync_soon(came.set, (), token.native_token)
            return False

        with mock.patch.object(Threads, "may_come_back", come):
            await came.wait()

    @on_trio
    async def test_a_task_that_cannot_be_interrupted_is_left_alone(self) -> None:
        task, token = trio.lowlevel.current_task(), trio.lowlevel.current_trio_token()
        asked: list[Threads] = []

        def may_come_back(threads: Threads) -> bool:
            asked.append(threads)
            if len(asked) == 2:
                come = token.run_sync_soon, [trio.lowlevel.reschedule, task]
                threading.Timer(A_MOMENT, *come).start()
            return False

        def abort(_raise_cancel: object) -> trio.lowlevel.Abort:
            token.run_sync_soon(int)  # has the clock asked once more
            return trio.lowlevel.Abort.FAILED

        with mock.patch.object(Threads, "may_come_back", may_come_back):
            await trio.lowlevel.wait_task_rescheduled(abort)
        assert len(asked) == 2

    @pytest.fixture
    def before(self) -> Iterator[threading.Thread]:
        release = threading.Event()
        yield threading.Thread(target=release.wait)
        release.set()

    @staticmethod
    def check(
        backend: str, main: Callable[[], Awaitable[None]], clock: VirtualClock | None = None
    ) -> None:
        with pytest.raises((DeadlockError, ExceptionGroup)) as raised:
            anyio.run(main, backend=backend, backend_options=virtual_time(backend, clock))
        error: BaseException = raised.value
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        assert isinstance(error, DeadlockError)
        assert str(error).startswith("At 0.0 s, nothing can ever run again:\n")
