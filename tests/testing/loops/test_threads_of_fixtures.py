"""Threads that are older than the test which waits for them, as those that aiosqlite begins."""

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from unittest import mock

import anyio
import anyio.lowlevel
import pytest

from awaits.testing import DeadlockError, VirtualClock, virtual_time
from awaits.testing.clock import timekeeper_of
from awaits.testing.loops import threads
from awaits.testing.loops.sleeps import SLEEPS_ARE_TOLD
from tests.testing.loops.shared import A_MOMENT, check_deadlock, on_both, threads_beside_no_loop

pytestmark = pytest.mark.anyio


class Server:
    """A thread that serves a queue, and tells the event loop when it is done."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()

    def close(self) -> None:
        self._jobs.put(None)
        self._thread.join()

    def start(self, job: Callable[[], object]) -> None:
        self._jobs.put(job)

    async def ask(self, job: Callable[[], object]) -> None:
        """Wait for what the thread does."""
        done, token = anyio.Event(), anyio.lowlevel.current_token()

        def do() -> None:
            job()
            with contextlib.suppress(anyio.RunFinishedError):  # after a deadlock
                # asyncio's loop.call_soon_threadsafe, trio's token.run_sync_soon.
                token.backend_class.run_sync_soon(done.set, (), token.native_token)

        self.start(do)
        await done.wait()


def work() -> None:
    """Take a while, at more places than one."""
    for _ in range(3):
        time.sleep(A_MOMENT)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def soon() -> Iterator[None]:
    """A thread that stands at one place waits for work, sooner than by default."""
    with mock.patch.object(threads, "SECONDS_AT_ONE_PLACE", 5 * A_MOMENT):
        yield


@pytest.mark.virtual_time
class TestATestThatWaitsForOne:
    @pytest.mark.parametrize("again", [1, 2])
    async def test_is_not_deadlocked(self, server: Server, again: int) -> None:
        await server.ask(work)
        await server.ask(work)
        assert anyio.current_time() == 0.0, again

    async def test_may_have_tasks_that_wait_for_each_other(self, server: Server) -> None:
        event = anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(event.wait)
            await server.ask(work)
            event.set()

    async def test_is_not_kept_up_by_one_that_is_idle(self, server: Server) -> None:
        await server.ask(work)
        await anyio.sleep(3600)
        assert anyio.current_time() == 3600.0


class TestADeadlock:
    """It is told, although the thread might wake the test."""

    @on_both
    @pytest.mark.usefixtures("soon")
    def test_a_test_that_waits_for_ever_is_told_beside_one_that_has_no_work(
        self, backend: str, server: Server
    ) -> None:
        server.start(int)
        check_deadlock(backend, anyio.sleep_forever)

    @on_both
    @pytest.mark.usefixtures("soon")
    def test_so_is_one_beside_a_thread_that_had_work_before(
        self, backend: str, server: Server
    ) -> None:
        async def main() -> None:
            await server.ask(work)
            await anyio.sleep_forever()

        check_deadlock(backend, main)

    @on_both
    @pytest.mark.usefixtures("soon")
    def test_so_is_a_later_test_on_the_same_event_loop(self, backend: str, server: Server) -> None:
        clock = VirtualClock()

        async def main() -> None:
            timekeeper_of(clock).restart()
            await server.ask(work)
            timekeeper_of(clock).restart()
            await anyio.sleep_forever()

        check_deadlock(backend, main, clock)

    @on_both
    @pytest.mark.usefixtures("soon")
    def test_of_one_that_stands_still_too_long_is_told(self, backend: str, server: Server) -> None:
        release = threading.Event()

        async def main() -> None:
            await server.ask(release.wait)

        try:
            with pytest.raises(DeadlockError):
                anyio.run(main, backend=backend, backend_options=virtual_time(backend))
        finally:
            release.set()


def test_a_thread_waits_for_work_that_stands_at_one_place_for_five_seconds(server: Server) -> None:
    standing, release = threading.Event(), threading.Event()

    def stand() -> None:
        standing.set()
        release.wait()

    beside = threads_beside_no_loop()
    with contextlib.ExitStack() as stack:
        now = stack.enter_context(mock.patch("awaits.testing.loops.real.seconds", return_value=0.0))
        stack.callback(release.set)

        def wait_until_it_stands() -> None:
            while beside.may_come_back():
                now.return_value += 5.0

        wait_until_it_stands()
        beside.begin()  # as the next test does; on Linux, it is known that it stands there still
        is_new = not SLEEPS_ARE_TOLD
        for later, may_come_back in ((0.0, is_new), (4.9, is_new), (0.2, False), (99.0, False)):
            now.return_value += later
            assert beside.may_come_back() == may_come_back, now.return_value

        server.start(stand)
        standing.wait()
        assert beside.may_come_back()
        now.return_value += 4.9
        assert beside.may_come_back()
        wait_until_it_stands()


def stand_until(standing: threading.Event, release: threading.Event) -> None:
    standing.set()
    release.wait()


def test_one_that_goes_on_between_two_looks_does_not_stand_at_one_place(server: Server) -> None:
    beside = threads_beside_no_loop()
    with mock.patch("awaits.testing.loops.real.seconds", return_value=0.0) as now:
        while beside.may_come_back():
            now.return_value += 5.0
        beside.begin()
        for _ in range(100):  # in some of them, a frame has the address of an earlier one
            standing, release = threading.Event(), threading.Event()
            server.start(partial(stand_until, standing, release))
            try:
                standing.wait()
                now.return_value += 10.0
                assert beside.may_come_back()
            finally:
                release.set()


def test_one_that_waits_for_a_processor_does_not_stand_at_one_place(server: Server) -> None:
    beside, release = threads_beside_no_loop(), threading.Event()
    server.start(release.wait)
    beside.begin()
    with (
        mock.patch("awaits.testing.loops.real.seconds", side_effect=range(0, 100, 10)),
        mock.patch.object(threads, "place", return_value=None),
    ):
        assert [beside.may_come_back() for _ in range(3)] == [True] * 3
    release.set()


@on_both
@pytest.mark.parametrize(("name", "is_asked"), [("pytest_timeout test_it", False), ("it", True)])
def test_a_deadlock_does_not_wait_for_the_timer_of_pytest_timeout(
    backend: str, name: str, is_asked: bool
) -> None:
    asked: list[threading.Thread] = []

    def moves(_self: threads.Threads, thread: threading.Thread, _frame: object) -> bool:
        asked.append(thread)
        return False

    timer = threading.Timer(60, print)
    timer.name = name
    timer.start()
    try:
        with mock.patch.object(threads.Threads, "_moves", moves):
            check_deadlock(backend, anyio.sleep_forever)
    finally:
        timer.cancel()
        timer.join()
    assert (timer in asked) == is_asked
