"""The virtual clock: the same story on asyncio and on trio, told as recorded orders of events."""

import asyncio
import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import cast
from unittest import mock

import anyio
import anyio.from_thread
import anyio.lowlevel
import anyio.to_thread
import pytest
import trio
from anyio.abc import SocketAttribute, SocketStream
from hypothesis import given
from hypothesis import strategies as st

from awaits.testing import DeadlockError, VirtualClock, virtual_time
from awaits.testing._asyncio import VirtualEventLoop

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

on_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"])
on_trio = pytest.mark.parametrize("anyio_backend", ["trio"])
instants = st.floats(min_value=0, max_value=1e9, allow_subnormal=False)

Events = list[tuple[str, float]]
LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def record(events: Events, event: str) -> None:
    events.append((event, anyio.current_time()))


class TestTime:
    async def test_it_starts_at_zero_and_a_sleep_ends_exactly_at_its_deadline(self) -> None:
        assert anyio.current_time() == 0.0
        await anyio.sleep(60)
        assert anyio.current_time() == 60.0

    @given(seconds=instants)
    async def test_it_starts_at_zero_in_every_example(self, seconds: float) -> None:
        assert anyio.current_time() == 0.0
        await anyio.sleep(seconds)
        assert anyio.current_time() == seconds

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

    @on_trio
    async def test_what_trio_has_for_time_lives_in_it(self) -> None:
        await trio.sleep(1)
        with trio.move_on_after(2):
            await trio.sleep_forever()
        assert trio.current_time() == 3.0
        await trio.sleep_until(10)
        assert trio.current_time() == 10.0

    async def test_timeouts_are_over_exactly_at_their_deadline(self) -> None:
        with anyio.move_on_after(5) as scope:
            await anyio.sleep_forever()
        assert scope.cancelled_caught
        assert anyio.current_time() == 5.0
        with pytest.raises(TimeoutError):
            with anyio.fail_after(2.5):
                await anyio.sleep(3)
        assert anyio.current_time() == 7.5

    @given(sleeps=st.lists(instants, max_size=20))
    async def test_tasks_end_at_their_deadlines_and_the_run_lasts_the_longest(
        self, sleeps: list[float]
    ) -> None:
        ended: list[tuple[float, float]] = []

        async def sleeper(seconds: float) -> None:
            await anyio.sleep(seconds)
            ended.append((seconds, anyio.current_time()))

        async with anyio.create_task_group() as tasks:
            for seconds in sleeps:
                tasks.start_soon(sleeper, seconds)

        assert [seconds for seconds, _ in ended] == sorted(sleeps)
        assert all(seconds == now for seconds, now in ended)
        assert anyio.current_time() == max(sleeps, default=0.0)

    async def test_tasks_due_at_one_instant_all_run_before_it_moves_on(self) -> None:
        events: Events = []

        async def sleeper(name: str, seconds: float) -> None:
            await anyio.sleep(seconds)
            for step in range(3):
                record(events, f"{name}{step}")
                await anyio.lowlevel.checkpoint()

        async with anyio.create_task_group() as tasks:
            for name, seconds in (("a", 1), ("b", 1), ("c", 2)):
                tasks.start_soon(sleeper, name, seconds)

        assert sorted(events[:6]) == [(f"{n}{s}", 1.0) for n in "ab" for s in range(3)]
        assert events[6:] == [("c0", 2.0), ("c1", 2.0), ("c2", 2.0)]

    async def test_a_sleep_of_nothing_takes_no_time_and_a_negative_one_is_refused(self) -> None:
        await anyio.sleep(0)  # noqa: ASYNC115 what is tested
        assert anyio.current_time() == 0.0
        with pytest.raises(ValueError, match="non-negative"):
            await anyio.sleep(-1)
        with anyio.move_on_after(-1) as scope:
            await anyio.sleep(1)
        assert scope.cancelled_caught
        assert anyio.current_time() == 0.0

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

    async def test_timeouts_that_were_not_needed_do_not_move_time(self) -> None:
        for _ in range(1_000):
            with anyio.fail_after(3600):
                await anyio.sleep(0.001)
        assert 0.999 <= anyio.current_time() < 1.001

    @on_asyncio
    async def test_an_event_loop_that_was_closed_calls_nothing_more(self) -> None:
        loop = cast("LoopFactory", virtual_time("asyncio")["loop_factory"])()
        loop.close()
        with pytest.raises(RuntimeError, match=r"^Event loop is closed$"):
            loop.call_later(1, print)

    async def test_one_who_sleeps_for_ever_stands_in_nobodys_way(self) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.sleep_forever)
            await anyio.sleep(3)
            assert anyio.current_time() == 3.0
            tasks.cancel_scope.cancel()
        assert anyio.current_time() == 3.0

    @pytest.mark.parametrize("years", [1, 1_000])
    async def test_it_moves_where_floats_are_coarse(self, years: int) -> None:
        year = 365 * 24 * 3600.0
        await anyio.sleep(years * year)
        for _ in range(5):
            before = anyio.current_time()
            with anyio.move_on_after(1e-6):
                await anyio.sleep(10)
            assert before <= anyio.current_time() <= before + 2e-6 + 4 * math.ulp(before)
        await anyio.sleep_until(math.nextafter(anyio.current_time(), math.inf))


class TestInterplay:
    async def test_waiting_for_all_tasks_to_block_takes_no_time_and_comes_before_a_move(
        self,
    ) -> None:
        events: Events = []

        async def worker() -> None:
            for _ in range(5):
                await anyio.lowlevel.checkpoint()
            record(events, "working")
            await anyio.sleep(1)
            record(events, "slept")

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(worker)
            await anyio.wait_all_tasks_blocked()
            record(events, "all blocked")

        assert events == [("working", 0.0), ("all blocked", 0.0), ("slept", 1.0)]

    async def test_several_may_wait_for_all_tasks_to_block(self) -> None:
        events: Events = []

        async def waiter() -> None:
            await anyio.wait_all_tasks_blocked()
            record(events, "blocked")

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.sleep, 1)
            tasks.start_soon(waiter)
            tasks.start_soon(waiter)
            with anyio.CancelScope() as scope:
                scope.cancel()
                await anyio.wait_all_tasks_blocked()

        assert events == [("blocked", 0.0)] * 2

    async def test_one_who_waits_for_all_tasks_to_block_can_be_cancelled(self) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.wait_all_tasks_blocked)
            for _ in range(5):
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
        await anyio.sleep(1)
        assert anyio.current_time() == 1.0

    async def test_nested_deadlines_that_end_at_one_instant_end_both(self) -> None:
        inner = anyio.CancelScope(deadline=5)
        with anyio.move_on_after(5) as outer:
            with inner:
                await anyio.sleep(10)
            await anyio.lowlevel.checkpoint()
            pytest.fail("the outer deadline has passed as well")
        assert anyio.current_time() == 5.0
        assert outer.cancelled_caught
        assert outer.cancel_called
        assert inner.cancel_called

    async def test_a_deadline_and_the_end_of_a_sleep_at_one_instant(self) -> None:
        with anyio.move_on_after(5):
            await anyio.sleep(5)
        assert anyio.current_time() == 5.0

    async def test_a_cancellation_at_the_moment_of_a_move(self) -> None:
        events: Events = []

        async def sleeper() -> None:
            try:
                await anyio.sleep(5)
                record(events, "slept")
            except anyio.get_cancelled_exc_class():
                record(events, "cancelled")
                raise

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(sleeper)
            await anyio.sleep(math.nextafter(5, 0))
            tasks.cancel_scope.cancel()

        assert events == [("cancelled", math.nextafter(5, 0))]

    async def test_a_deadline_that_is_moved_while_somebody_waits(self) -> None:
        async with anyio.create_task_group() as tasks:
            with anyio.move_on_after(5) as scope:

                async def move() -> None:
                    await anyio.sleep(4)
                    scope.deadline += 10

                tasks.start_soon(move)
                await anyio.sleep_forever()
            assert anyio.current_time() == 15.0

            with anyio.move_on_after(100) as scope:

                async def set_in_the_past() -> None:
                    await anyio.wait_all_tasks_blocked()
                    scope.deadline = 1

                tasks.start_soon(set_in_the_past)
                await anyio.sleep_forever()
            assert anyio.current_time() == 15.0

            with anyio.move_on_after(100) as scope:

                async def bring_forward() -> None:
                    await anyio.sleep(1)
                    scope.deadline = anyio.current_time() + 2

                tasks.start_soon(bring_forward)
                await anyio.sleep_forever()
            assert anyio.current_time() == 18.0

    async def test_a_shielded_clean_up_after_a_timeout_takes_its_time(self) -> None:
        events: Events = []
        with anyio.move_on_after(5):
            try:
                await anyio.sleep_forever()
            finally:
                record(events, "cancelled")
                with anyio.CancelScope(shield=True):
                    await anyio.sleep(2)
                record(events, "cleaned up")
        assert events == [("cancelled", 5.0), ("cleaned up", 7.0)]

    async def test_a_server_and_its_client_in_one_process(self) -> None:
        async def answer(stream: SocketStream) -> None:
            async with stream:
                question = await stream.receive()
                await anyio.sleep(30)
                await stream.send(question.upper())

        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        port = listener.extra(SocketAttribute.local_port)
        async with listener, anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, answer)
            async with await anyio.connect_tcp("127.0.0.1", port) as stream:
                await stream.send(b"hello")
                with anyio.move_on_after(5) as scope:
                    await stream.receive()
                assert (scope.cancelled_caught, anyio.current_time()) == (True, 5.0)
                assert await stream.receive() == b"HELLO"
                assert anyio.current_time() == 30.0
            tasks.cancel_scope.cancel()

    async def test_an_async_generator_sleeps_between_its_values(self) -> None:
        async def ticks() -> AsyncGenerator[float]:
            for _ in range(3):
                await anyio.sleep(1)
                yield anyio.current_time()

        async with aclosing(ticks()) as values:
            assert [value async for value in values] == [1.0, 2.0, 3.0]


class TestByHand:
    async def test_time_that_is_held_stands_still(self, virtual_clock: VirtualClock) -> None:
        events: Events = []

        async def sleeper(seconds: float) -> None:
            await anyio.sleep(seconds)
            record(events, f"slept {seconds}")

        virtual_clock.hold()
        async with anyio.create_task_group() as tasks:
            for seconds in (1, 2, 2.5, 4):
                tasks.start_soon(sleeper, seconds)
            await anyio.wait_all_tasks_blocked()
            assert virtual_clock.time() == 0.0
            await virtual_clock.advance(2.5)
            record(events, "advanced")
            await virtual_clock.advance(0)
            await virtual_clock.advance(1)
            record(events, "advanced")
            virtual_clock.release()

        assert events == [
            ("slept 1", 1.0),
            ("slept 2", 2.0),
            ("slept 2.5", 2.5),
            ("advanced", 2.5),
            ("advanced", 3.5),
            ("slept 4", 4.0),
        ]

    async def test_time_that_is_not_held_can_be_advanced_too(
        self, virtual_clock: VirtualClock
    ) -> None:
        await virtual_clock.advance(5)
        assert virtual_clock.time() == anyio.current_time() == 5.0
        await anyio.sleep(1)
        assert virtual_clock.time() == 6.0

    async def test_two_may_advance_at_once(self, virtual_clock: VirtualClock) -> None:
        events: Events = []

        async def advance(seconds: float) -> None:
            await virtual_clock.advance(seconds)
            record(events, f"advanced {seconds}")

        virtual_clock.hold()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(advance, 3)
            tasks.start_soon(advance, 2)
            tasks.start_soon(advance, 2)

        assert events == [("advanced 2", 2.0)] * 2 + [("advanced 3", 3.0)]

    async def test_an_advance_that_is_cancelled_goes_no_further(
        self, virtual_clock: VirtualClock
    ) -> None:
        virtual_clock.hold()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(virtual_clock.advance, 5)
            await virtual_clock.advance(2)
            tasks.cancel_scope.cancel()
        assert virtual_clock.time() == 2.0

    async def test_the_next_test_finds_time_released(self) -> None:
        await anyio.sleep(1)
        assert anyio.current_time() == 1.0

    async def test_an_error_while_time_is_held_comes_out_at_once(
        self, virtual_clock: VirtualClock
    ) -> None:
        async def fail() -> None:
            await anyio.sleep(1)
            raise ConnectionError

        virtual_clock.hold()
        with pytest.raises(ExceptionGroup) as raised:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(fail)
                tasks.start_soon(anyio.sleep_forever)
                await virtual_clock.advance(3)
        assert isinstance(raised.value.exceptions[0], ConnectionError)
        assert virtual_clock.time() == 1.0

    @pytest.mark.parametrize("seconds", [-1, math.inf, math.nan])
    async def test_it_is_advanced_by_a_finite_number_of_seconds(
        self, virtual_clock: VirtualClock, seconds: float
    ) -> None:
        with pytest.raises(ValueError, match=r"a finite number of at least 0, not "):
            await virtual_clock.advance(seconds)

    @given(steps=st.lists(st.floats(0, 1e6), max_size=10), sleeps=st.lists(st.floats(0, 1e6)))
    async def test_every_deadline_on_the_way_is_seen_at_its_own_time(
        self, virtual_clock: VirtualClock, steps: list[float], sleeps: list[float]
    ) -> None:
        ended: list[tuple[float, float]] = []

        async def sleeper(seconds: float) -> None:
            await anyio.sleep(seconds)
            ended.append((seconds, anyio.current_time()))

        virtual_clock.hold()
        async with anyio.create_task_group() as tasks:
            for seconds in sleeps:
                tasks.start_soon(sleeper, seconds)
            for step in steps:
                before = virtual_clock.time()
                await virtual_clock.advance(step)
                assert virtual_clock.time() == before + step
                assert len(ended) == sum(seconds <= before + step for seconds in sleeps)
            virtual_clock.release()
        assert ended == [(seconds, seconds) for seconds in sorted(sleeps)]


class TestDeadlock:
    """These look at whole runs from outside, so they are in real time themselves."""

    pytestmark = pytest.mark.real_time

    @staticmethod
    async def waits_for_itself() -> None:
        event = anyio.Event()

        async def never() -> None:
            await event.wait()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(never)
            tasks.start_soon(anyio.sleep_forever)
            await anyio.sleep(3)

    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_it_is_an_error_that_lists_who_waits_and_where(self, backend: str) -> None:
        with pytest.raises((DeadlockError, ExceptionGroup)) as raised:
            anyio.run(self.waits_for_itself, backend=backend, backend_options=virtual_time(backend))

        error: object = raised.value
        while isinstance(error, BaseExceptionGroup):
            error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
        code = TestDeadlock.waits_for_itself.__code__
        never = next(it for it in code.co_consts if hasattr(it, "co_name"))
        main, second, first = str(error).splitlines()[1:]
        assert str(error).startswith("At 3.0 s, nothing can ever run again:\n")
        # Where a task group waits: at its first line, or its last one, as Python has it.
        assert main.startswith("  the main task waits at tests/testing/test_clock.py:")
        assert main.endswith(", in TestDeadlock.waits_for_itself")
        assert first.endswith(
            f"never waits at tests/testing/test_clock.py:{never.co_firstlineno + 1}, "
            "in TestDeadlock.waits_for_itself.<locals>.never"
        )
        assert second == "  anyio.sleep_forever waits"

    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_what_an_async_generator_waits_for_is_told(self, backend: str) -> None:
        async def nothing() -> AsyncGenerator[None]:
            await anyio.Event().wait()
            yield

        async def main() -> None:
            async for _ in nothing():
                pass

        with pytest.raises(DeadlockError, match=r"in .*\.nothing$"):
            anyio.run(main, backend=backend, backend_options=virtual_time(backend))

    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_time_that_is_held_and_that_nobody_moves_is_one(self, backend: str) -> None:
        clock = VirtualClock()

        async def main() -> None:
            clock.hold()
            with anyio.move_on_after(10) as scope:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(clock.advance, 5)
                    await clock.advance(2)
                    scope.cancel()  # and with it the longer advance
            await anyio.sleep(1)

        with pytest.raises(DeadlockError, match=r"^At 2\.0 s"):
            anyio.run(main, backend=backend, backend_options=virtual_time(backend, clock))

    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_clean_up_runs_and_may_deadlock_again(self, backend: str) -> None:
        cleaned_up: list[str] = []

        async def main() -> None:
            try:
                await anyio.Event().wait()
            finally:
                with anyio.CancelScope(shield=True):
                    await anyio.sleep(5)
                    cleaned_up.append("slept")
                    await anyio.Event().wait()

        with pytest.raises(DeadlockError, match=r"^At 5\.0 s"):
            anyio.run(main, backend=backend, backend_options=virtual_time(backend))
        assert cleaned_up == ["slept"]

    @pytest.mark.virtual_time
    async def test_one_who_waits_for_a_socket_is_not_deadlocked(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            threading.Timer(0.02, theirs.send, [b"hello"]).start()
            async with await anyio.abc.SocketStream.from_socket(ours) as stream:
                assert await stream.receive() == b"hello"

    @pytest.mark.virtual_time
    async def test_one_who_waits_for_a_signal_is_not_deadlocked(self) -> None:
        with anyio.open_signal_receiver(signal.SIGUSR1) as signals:
            threading.Timer(0.02, signal.raise_signal, [signal.SIGUSR1]).start()
            async for received in signals:
                assert received == signal.SIGUSR1
                break

    @pytest.mark.virtual_time
    async def test_one_who_waits_for_a_process_is_not_deadlocked(self) -> None:
        command = [sys.executable, "-c", "import time; time.sleep(0.02)"]
        async with await anyio.open_process(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            assert await process.wait() == 0


class TestOutside:
    @pytest.mark.virtual_time(idle=0.5)
    async def test_time_waits_for_real_quiet_when_asked_to(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            threading.Timer(0.05, theirs.send, [b"hello"]).start()
            async with await anyio.abc.SocketStream.from_socket(ours) as stream:
                with anyio.fail_after(10):
                    assert await stream.receive() == b"hello"
        assert anyio.current_time() == 0.0
        await anyio.sleep(10)
        assert anyio.current_time() == 10.0

    @pytest.mark.real_time
    @pytest.mark.parametrize("idle", [-1, math.inf, math.nan])
    def test_idle_is_a_number_of_seconds(self, idle: float) -> None:
        with pytest.raises(ValueError, match="idle must be a number of seconds of at least 0"):
            VirtualClock(idle=idle)


class TestWallClock:
    START = datetime(2030, 1, 1, tzinfo=UTC)

    @pytest.mark.virtual_time(wall=START)
    async def test_it_moves_with_virtual_time(self) -> None:
        assert datetime.now(tz=UTC) == self.START
        await anyio.sleep(3600.5)
        assert datetime.now(tz=UTC) == self.START + timedelta(seconds=3600.5)
        assert time.time() == self.START.timestamp() + 3600.5

    @pytest.mark.virtual_time(wall=datetime(2030, 1, 1))  # noqa: DTZ001 as a user may type it
    async def test_an_instant_without_a_timezone_is_utc(self) -> None:
        assert datetime.now(tz=UTC) == self.START

    @pytest.mark.virtual_time(wall=True)
    async def test_it_begins_now(self) -> None:
        before = time.time()
        assert before > self.START.timestamp() - 10 * 366 * 24 * 3600
        await anyio.sleep(7)
        assert time.time() - before == 7

    async def test_it_stands_alone_unless_asked_to_move(self) -> None:
        before = time.time()
        await anyio.sleep(3600)
        assert time.time() - before < 3600

    @pytest.mark.real_time
    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_it_is_given_back_when_the_run_ends(self, backend: str) -> None:
        anyio.run(
            anyio.sleep,
            3600,
            backend=backend,
            backend_options=virtual_time(backend, wall=self.START),
        )
        assert datetime.now(tz=UTC) < self.START

    @pytest.mark.real_time
    def test_it_needs_time_machine(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "time_machine", None)
        with pytest.raises(ValueError, match="install it with: pip install time-machine"):
            anyio.run(anyio.sleep, 1, backend_options=virtual_time("asyncio", wall=True))


class TestRuns:
    pytestmark = pytest.mark.real_time

    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_each_run_begins_at_zero_also_with_one_clock(self, backend: str) -> None:
        async def begin() -> float:
            before = anyio.current_time()
            await anyio.sleep(5)
            return before

        clock = VirtualClock()
        options = virtual_time(backend, clock)
        for _ in range(2):
            assert anyio.run(begin, backend=backend, backend_options=options) == 0.0
            assert clock.time() == 5.0

    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_other_runs_are_as_they_were(self, backend: str) -> None:
        async def main() -> None:
            started = time.monotonic()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(anyio.sleep, 0.02)
                await anyio.wait_all_tasks_blocked()
            assert await anyio.to_thread.run_sync(lambda: anyio.from_thread.run(one)) == 1
            assert time.monotonic() - started >= 0.02

        async def one() -> int:
            return 1

        anyio.run(anyio.sleep, 1, backend=backend, backend_options=virtual_time(backend))
        anyio.run(main, backend=backend)

    @pytest.fixture
    def loop(self) -> Iterator[asyncio.AbstractEventLoop]:
        factory = cast("LoopFactory", virtual_time("asyncio")["loop_factory"])
        loop = factory()
        yield loop
        loop.close()

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

        broken = mock.patch.object(VirtualClock, "move", side_effect=AssertionError("broken"))
        with broken, pytest.raises(AssertionError, match=r"^broken$"):
            loop.run_forever()

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

    def test_uvloop_has_no_virtual_time(self) -> None:
        with pytest.raises(ValueError, match="keeps its own timers; choose asyncio or trio"):
            virtual_time("asyncio+uvloop")

    def test_an_unknown_backend_is_refused(self) -> None:
        with pytest.raises(ValueError, match=r"There is no event loop 'curio'"):
            virtual_time("curio")

    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_ctrl_c_ends_a_run_that_waits_for_the_world_outside(self, backend: str) -> None:
        async def wait_for_a_thread() -> None:
            release = threading.Event()
            threading.Timer(0.05, os.kill, [os.getpid(), signal.SIGINT]).start()
            try:
                await anyio.to_thread.run_sync(release.wait, abandon_on_cancel=True)
            finally:
                release.set()

        with pytest.raises((KeyboardInterrupt, BaseExceptionGroup)):
            anyio.run(wait_for_a_thread, backend=backend, backend_options=virtual_time(backend))

    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_an_error_of_the_kit_inside_the_loop_ends_the_run(self, backend: str) -> None:
        # On trio, run as a guest by anyio's runner, it would hang if it were raised there.
        broken = mock.patch.object(VirtualClock, "move", side_effect=AssertionError("broken"))
        with broken, pytest.raises(AssertionError, match=r"^broken$"):
            anyio.run(anyio.sleep, 1, backend=backend, backend_options=virtual_time(backend))

    @pytest.mark.virtual_time
    async def test_an_error_of_the_kit_inside_the_loop_ends_the_test(self) -> None:
        broken = mock.patch.object(VirtualClock, "move", side_effect=AssertionError("broken"))
        with pytest.raises((AssertionError, anyio.get_cancelled_exc_class())):
            with broken:
                await anyio.sleep(1)
