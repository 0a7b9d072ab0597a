"""asyncio's event loop in virtual time: its timers, and its runs without anyio."""

import asyncio
import contextlib
import gc
import math
import socket
import threading
import weakref
from collections.abc import Callable, Iterator
from contextvars import ContextVar, copy_context
from functools import partial
from typing import cast
from unittest import mock

import anyio
import anyio.lowlevel
import pytest

from awaits.testing import DeadlockError, virtual_time
from awaits.testing.loops._asyncio.loop import VirtualEventLoop
from awaits.testing.loops.thrown import MOST_THROWN
from awaits.testing.loops.timekeeper import Timekeeper
from tests.testing.loops.shared import on_asyncio

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


class TestTime:
    @on_asyncio
    async def test_what_asyncio_has_for_time_lives_in_it(self) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(1)
        called = loop.create_future()
        loop.call_later(2, called.set_result, None)
        await called
        assert loop.time() == 3.0
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(4):
                await asyncio.sleep(math.inf)
        assert loop.time() == 7.0
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 5)
        assert loop.time() == 12.0

    @on_asyncio
    async def test_a_socket_is_heard_while_a_task_is_busy(self) -> None:
        ours, theirs = socket.socketpair()
        loop, heard = asyncio.get_running_loop(), list[bytes]()
        with ours, theirs:
            loop.add_reader(ours, lambda: heard.append(ours.recv(1)))
            theirs.send(b"!")
            for _ in range(10):
                await asyncio.sleep(0)
            loop.remove_reader(ours)
        assert heard == [b"!"]

    @on_asyncio
    async def test_what_is_due_now_does_not_wait_until_nobody_is_busy(self) -> None:
        called: list[float] = []
        loop = asyncio.get_running_loop()
        loop.call_later(0, lambda: called.append(loop.time()))
        for _ in range(10):
            await asyncio.sleep(0)
        assert called == [0.0]

    @on_asyncio
    async def test_a_timer_that_was_cancelled_is_not_called(self) -> None:
        called: list[str] = []
        loop = asyncio.get_running_loop()
        for name in ("first", "second", "third"):
            timer = loop.call_later(5, called.append, name)
            if name == "second":
                timer.cancel()
        await asyncio.sleep(5)
        assert called == ["first", "third"]

    @on_asyncio
    async def test_timeouts_that_were_not_needed_do_not_pile_up(self) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualEventLoop)
        for _ in range(1_000):
            with anyio.fail_after(3600):
                await anyio.lowlevel.checkpoint()
        assert len(loop.timers) < 250

    @on_asyncio
    async def test_an_event_loop_that_was_closed_calls_nothing_more(self) -> None:
        loop = virtual_time("asyncio")["loop_factory"]()
        loop.close()
        for call in (loop.call_soon, partial(loop.call_later, 1)):
            with pytest.raises(RuntimeError, match=r"^Event loop is closed$"):
                call(print)

    @on_asyncio
    async def test_in_debug_mode_a_callback_is_checked_and_knows_where_it_was_made(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_debug(True)
        with pytest.raises(TypeError, match="coroutines cannot be used with call_soon"):
            loop.call_soon(asyncio.sleep)  # type: ignore[arg-type]
        assert "created at" in repr(loop.call_soon(print))

    @on_asyncio
    async def test_a_callback_runs_in_the_context_that_it_is_given(self) -> None:
        number = ContextVar("number", default=0)
        other, seen = copy_context(), list[int]()
        other.run(number.set, 1)
        loop = asyncio.get_running_loop()
        loop.call_soon(lambda: seen.append(number.get()))
        loop.call_soon(lambda: seen.append(number.get()), context=other)
        await asyncio.sleep(0)
        assert seen == [0, 1]


@on_asyncio
async def test_python_reads_what_it_knows_at_full_speed() -> None:
    # CPython is fast with an object that has at most so many attributes: SHARED_KEYS_MAX_SIZE.
    assert len(vars(asyncio.get_running_loop())) <= 30


class TestRuns:
    pytestmark = pytest.mark.real_time

    @pytest.fixture
    def loop(self) -> Iterator[asyncio.AbstractEventLoop]:
        factory = virtual_time("asyncio")["loop_factory"]
        loop = factory()
        yield loop
        loop.close()

    def test_one_that_runs_cannot_run_something_else_nor_close(
        self, loop: asyncio.AbstractEventLoop
    ) -> None:
        began: list[bool] = []

        async def inner() -> None:
            began.append(True)

        async def main() -> None:
            refused = inner()
            for call in (partial(loop.run_until_complete, refused), loop.close):
                with pytest.raises(RuntimeError, match="running"):
                    call()
            virtual = cast("VirtualEventLoop", loop)
            assert virtual.timekeeper.run is virtual
            await asyncio.sleep(1)
            assert loop.time() == 1.0
            refused.close()
            await loop.create_future()

        with pytest.raises(DeadlockError):  # which it still notices
            loop.run_until_complete(main())
        assert began == []

    def test_in_debug_mode_another_thread_is_told_that_it_may_not_call(
        self, loop: asyncio.AbstractEventLoop
    ) -> None:
        told: list[str] = []

        def call() -> None:
            try:
                loop.call_later(1, print)
            except RuntimeError as error:
                told.append(str(error))

        async def main() -> None:
            loop.set_debug(True)
            thread = threading.Thread(target=call)
            thread.start()
            thread.join()

        loop.run_until_complete(main())
        assert told == [
            "Non-thread-safe operation invoked on an event loop other than the current one"
        ]

    def test_an_event_loop_can_be_closed_twice(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.close()

    def test_an_event_loop_can_run_for_nobody(self, loop: asyncio.AbstractEventLoop) -> None:
        ran: list[float] = []
        loop.call_later(5, lambda: ran.append(loop.time()))
        stop = threading.Timer(0.02, loop.call_soon_threadsafe, [loop.stop])
        loop.call_later(10, stop.start)
        loop.run_forever()
        assert ran == [5.0]
        assert loop.time() == 10.0

        broken = mock.patch.object(Timekeeper, "move", side_effect=AssertionError("broken"))
        with broken, pytest.raises(AssertionError, match=r"^broken$"):
            loop.run_forever()

    def test_a_socket_that_nobody_listens_to_any_more_wakes_nobody(
        self, loop: asyncio.AbstractEventLoop
    ) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            loop.add_reader(ours, print)
            loop.remove_reader(ours)
            with pytest.raises(DeadlockError):
                loop.run_until_complete(loop.create_future())

    def test_an_event_loop_can_run_until_a_future_is_done(
        self, loop: asyncio.AbstractEventLoop
    ) -> None:
        future = loop.create_future()
        loop.call_later(5, future.set_result, "done")
        assert loop.run_until_complete(future) == "done"
        assert loop.time() == 5.0
        with pytest.raises(DeadlockError, match=r"^At 5\.0 s"):
            loop.run_until_complete(loop.create_future())
        task = loop.create_task(asyncio.sleep(1))
        loop.run_until_complete(task)
        assert loop.time() == 6.0

    def test_many_runs_at_one_instant_end_each_with_its_own_deadlock(
        self, loop: asyncio.AbstractEventLoop
    ) -> None:
        cleaned_up: list[int] = []

        async def deadlocks(number: int) -> None:
            try:
                await loop.create_future()
            finally:
                await asyncio.sleep(0)
                cleaned_up.append(number)

        for number in range(MOST_THROWN + 2):
            with pytest.raises(DeadlockError):
                loop.run_until_complete(deadlocks(number))
        assert cleaned_up == [*range(MOST_THROWN + 2)]


@pytest.mark.real_time
def test_a_closed_event_loop_keeps_nothing_for_its_timers() -> None:
    class Kept: ...

    loop, kept = VirtualEventLoop(Timekeeper()), Kept()
    is_kept = weakref.ref(kept)
    loop.call_later(1, print, kept)
    loop.close()
    del kept
    gc.collect()
    assert is_kept() is None


@on_asyncio
async def test_time_stands_still_for_workers_in_other_interpreters() -> None:
    interpreter = pytest.importorskip("concurrent.futures.interpreter")  # from Python 3.14 on
    with interpreter.InterpreterPoolExecutor() as pool:
        async with asyncio.timeout(5):
            answer = asyncio.get_running_loop().run_in_executor(pool, divmod, 7, 2)
            assert await answer == (3, 1)
    assert anyio.current_time() == 0.0


@pytest.mark.real_time
class TestItsEnd:
    """Tasks that are left are cancelled, and waited for."""

    @pytest.fixture
    def factory(self) -> LoopFactory:
        return virtual_time("asyncio")["loop_factory"]

    def test_one_that_swallows_that_and_goes_on_is_told(self, factory: LoopFactory) -> None:
        async def goes_on() -> None:
            while True:
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.sleep(1)

        async def main() -> None:
            kept.append(asyncio.create_task(goes_on()))
            await asyncio.sleep(3.5)

        kept: list[asyncio.Task[None]] = []
        told = (
            r"At 3604.5 s, the event loop closes, but .*\n  task 1, goes_on, .* at tests/testing/"
        )
        with pytest.raises(DeadlockError, match=told), asyncio.Runner(loop_factory=factory) as it:
            it.run(main())
        kept[0].get_coro().close()

    def test_one_that_cleans_up_for_long_is_waited_for(self, factory: LoopFactory) -> None:
        ended: list[float] = []

        async def cleans_up() -> None:
            try:
                await asyncio.sleep(math.inf)
            finally:
                await asyncio.sleep(3_000)
                ended.append(asyncio.get_running_loop().time())

        async def main() -> None:
            kept.append(asyncio.create_task(cleans_up()))
            await asyncio.sleep(3.5)

        kept: list[asyncio.Task[None]] = []
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(main())
        assert ended == [3003.5]
