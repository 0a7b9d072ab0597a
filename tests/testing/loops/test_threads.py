"""Threads that an event loop in virtual time waits for."""

import asyncio
import concurrent.futures
import math
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from unittest import mock

import anyio
import anyio.from_thread
import anyio.lowlevel
import anyio.to_thread
import pytest
import trio

from awaits.testing import VirtualClock
from awaits.testing.clock import timekeeper_of
from awaits.testing.loops import stacks, threads
from awaits.testing.loops.threads import Threads
from tests.testing.loops.shared import (
    A_MOMENT,
    beside_a_sleep,
    check_deadlock,
    on_asyncio,
    on_both,
    on_trio,
    threads_beside_no_loop,
    work,
)

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


class TestAThreadThatIsOut:
    """Time stands still meanwhile, whoever sent it."""

    @pytest.fixture
    def soon(self) -> Iterator[None]:
        """Threads that all wait are soon known to."""
        with mock.patch.object(threads, "SECONDS_ALL_WAIT", 3 * A_MOMENT):
            yield

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

    async def test_one_that_asks_whether_it_is_cancelled_works_until_it_is(self) -> None:
        def asks() -> None:
            while True:
                anyio.from_thread.check_cancelled()
                time.sleep(0.001)

        with anyio.move_on_after(0.05) as scope:
            await anyio.to_thread.run_sync(asks)
        assert scope.cancelled_caught
        assert anyio.current_time() == 0.05

    async def test_one_that_asks_and_ends_before_is_none_that_a_deadline_cancels(self) -> None:
        def asks() -> None:
            for _ in range(50):
                anyio.from_thread.check_cancelled()
                time.sleep(0.001)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.sleep, 1e6)  # at the real pace, it would be for days
            await anyio.to_thread.run_sync(asks)
            assert anyio.current_time() == 0.0
            tasks.cancel_scope.cancel()

    async def test_time_stands_still_for_one_beside_it_that_does_not_ask(
        self, release: threading.Event
    ) -> None:
        def asks() -> None:
            while not release.is_set():
                anyio.from_thread.check_cancelled()
                time.sleep(0.001)

        def works() -> None:
            time.sleep(0.3)
            release.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.to_thread.run_sync, asks)
            with anyio.fail_after(0.05):
                await anyio.to_thread.run_sync(works)
            assert anyio.current_time() == 0.0

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

    async def test_a_thread_has_begun_before_one_who_waits_until_all_is_idle_goes_on(self) -> None:
        begun = threading.Semaphore(0)
        for _ in range(100):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(
                    lambda: anyio.to_thread.run_sync(begun.release, abandon_on_cancel=True)
                )
                await anyio.wait_all_tasks_blocked()
                tasks.cancel_scope.cancel()
            assert begun.acquire(timeout=60)

    @pytest.mark.parametrize("abandons", [False, True])
    async def test_a_thread_that_waits_for_a_task_is_not_out(self, abandons: bool) -> None:
        def ask() -> float:
            anyio.from_thread.run(anyio.sleep, 3600)
            return anyio.from_thread.run_sync(anyio.current_time)

        assert await anyio.to_thread.run_sync(ask, abandon_on_cancel=abandons) == 3600.0

    @pytest.mark.usefixtures("soon")
    async def test_a_thread_that_only_a_task_can_wake_does_not_hold_time_up(
        self, release: threading.Event
    ) -> None:
        async def wake() -> None:
            await anyio.sleep(3600)
            release.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wake)
            await anyio.to_thread.run_sync(release.wait)
            assert anyio.current_time() == 3600.0

    @pytest.mark.usefixtures("soon")
    async def test_a_thread_that_waits_for_another_that_works_is_out(
        self, release: threading.Event
    ) -> None:
        def work_long() -> None:
            time.sleep(10 * A_MOMENT)
            threads.SECONDS_ALL_WAIT = 60.0  # for the one that waits to be woken
            release.set()

        threading.Thread(target=work_long).start()
        assert await beside_a_sleep(lambda: anyio.to_thread.run_sync(release.wait)) == 0.0

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


@pytest.mark.real_time
def test_all_threads_wait_only_if_there_is_one_and_it_stood_still_since_the_last_time() -> None:
    beside = threads_beside_no_loop()
    release = threading.Event()
    waiting = threading.Thread(target=release.wait)
    with mock.patch.object(threads, "SECONDS_ALL_WAIT", 0.0):
        assert [beside.all_wait(0.0) for _ in range(3)] == [False] * 3
        waiting.start()
        while not beside.all_wait(0.0):
            pass
        assert [beside.all_wait(0.0) for _ in range(4)] == [False, True, False, True]
        is_over: list[bool] = []

        def work_until_it_is_over() -> None:
            while not is_over:
                work()

        working = threading.Thread(target=work_until_it_is_over)
        working.start()
        assert not beside.all_wait(0.0)
        is_over.append(True)
        working.join()
        assert [beside.all_wait(0.0) for _ in range(2)] == [False, True]
    release.set()
    waiting.join()


class TestNoDeadlock:
    """Who waits for a thread that may come back is not deadlocked."""

    async def test_while_a_worker_is_at_work(self) -> None:
        await anyio.to_thread.run_sync(work)

    async def test_while_a_thread_that_is_no_worker_will_call(self) -> None:
        token, came = anyio.lowlevel.current_token(), anyio.Event()

        def come() -> None:
            anyio.from_thread.run_sync(came.set, token=token)

        threading.Timer(A_MOMENT, come).start()
        await came.wait()

    async def test_while_an_abandoned_worker_that_has_just_got_its_answer_goes_on(self) -> None:
        before = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            for _ in range(100):
                asked, came = anyio.Event(), anyio.Event()

                def ask(asked: anyio.Event, came: anyio.Event) -> None:
                    anyio.from_thread.run_sync(asked.set)
                    anyio.from_thread.run_sync(came.set)

                async with anyio.create_task_group() as tasks:
                    abandoned = partial(anyio.to_thread.run_sync, abandon_on_cancel=True)
                    tasks.start_soon(abandoned, ask, asked, came)
                    await asked.wait()
                    tasks.cancel_scope.cancel()
                await came.wait()
        finally:
            sys.setswitchinterval(before)

    @on_asyncio
    async def test_while_a_pool_that_the_event_loop_does_not_know_is_at_work(self) -> None:
        with concurrent.futures.ThreadPoolExecutor() as pool:
            await asyncio.wrap_future(pool.submit(work))

    async def test_where_a_thread_comes_at_the_last_moment(self) -> None:
        token, came = anyio.lowlevel.current_token(), anyio.Event()

        def come(*_threads: Threads) -> bool:
            token.backend_class.run_sync_soon(came.set, (), token.native_token)
            return False

        with mock.patch.object(Threads, "may_come_back", come):
            await came.wait()


class TestDeadlock:
    """Where no thread can come back, it is told."""

    @on_both
    @pytest.mark.real_time
    def test_a_thread_that_ends_was_not_worth_waiting_for(self, backend: str) -> None:
        async def main() -> None:
            threading.Thread(target=work).start()
            await anyio.sleep_forever()

        check_deadlock(backend, main)

    @on_both
    @pytest.mark.real_time
    def test_threads_that_have_no_work_are_not_waited_for(self, backend: str) -> None:
        async def main() -> None:
            await anyio.to_thread.run_sync(work)
            if backend == "asyncio":
                await asyncio.to_thread(work)
            await anyio.sleep_forever()

        check_deadlock(backend, main)

    @on_both
    @pytest.mark.real_time
    def test_threads_that_were_there_before_are_not_waited_for(
        self, backend: str, before: threading.Thread
    ) -> None:
        before.start()
        check_deadlock(backend, anyio.sleep_forever)

    @on_both
    @pytest.mark.real_time
    def test_nor_those_of_an_earlier_test_on_the_same_event_loop(
        self, backend: str, before: threading.Thread
    ) -> None:
        clock = VirtualClock()

        async def main() -> None:
            before.start()
            timekeeper_of(clock).restart()
            await anyio.sleep_forever()

        check_deadlock(backend, main, clock)

    @pytest.fixture
    def before(self) -> Iterator[threading.Thread]:
        release = threading.Event()
        with mock.patch.object(threads, "SECONDS_AT_ONE_PLACE", 5 * A_MOMENT):
            yield threading.Thread(target=release.wait)
        release.set()


@pytest.mark.real_time
def test_a_worker_rests_without_work_and_while_it_waits_for_a_task() -> None:
    begun, release = threading.Event(), threading.Event()

    def works() -> None:
        begun.set()
        release.wait()

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        job = pool.submit(works)
        begun.wait()
        (worker,) = pool._threads  # pyright: ignore[reportPrivateUsage]
        at_rest = stacks.is_at_rest(stacks.frames()[worker.ident or 0])
        release.set()
        assert not at_rest
        job.result()
        while not stacks.is_at_rest(stacks.frames()[worker.ident or 0]):
            pass


@pytest.mark.real_time
@mock.patch.object(threads, "SECONDS_BETWEEN_QUESTIONS", math.inf)
def test_the_pace_begins_when_a_thread_is_first_seen_that_asks_whether_it_is_cancelled() -> None:
    beside = threads_beside_no_loop()
    asked, is_over = threading.Event(), threading.Event()

    def asks() -> None:
        while not is_over.is_set():
            beside.asks_whether_it_is_cancelled()
            asked.set()
            time.sleep(0.001)

    assert not beside.keeps_pace(0.0, 0.0)  # nobody asks
    thread = threading.Thread(target=asks)
    beside.begin()
    thread.start()
    asked.wait()
    seen = beside.keeps_pace(0.0, 1_000.0), beside.keeps_pace(0.0, 0.0)
    is_over.set()
    thread.join()
    assert seen == (False, True)
