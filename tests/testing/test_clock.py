"""The virtual clock: the same story on asyncio and on trio, told as recorded orders of events."""

import math
import socket
import threading
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import SocketAttribute, SocketStream
from hypothesis import given
from hypothesis import strategies as st

from awaits.testing import VirtualClock, virtual_time
from tests.testing.shared import Events, record

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

instants = st.floats(min_value=0, max_value=1e9, allow_subnormal=False)


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

    async def test_timeouts_that_were_not_needed_do_not_move_time(self) -> None:
        for _ in range(1_000):
            with anyio.fail_after(3600):
                await anyio.sleep(0.001)
        assert 0.999 <= anyio.current_time() < 1.001

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
    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            *(
                ({"idle": it}, "idle must be a number of seconds of at least 0, not ")
                for it in (-1, math.inf, math.nan, "1", True, None)
            ),
            *(
                ({"turns": it}, "turns must be a whole number of at least 10, not ")
                for it in (0, 9, 15.5, "2", True, None)
            ),
            *(
                ({"wall": it}, "wall must be True, False or a datetime, not ")
                for it in ("2030-01-31", 1, None)
            ),
            *(
                ({"wall": it}, f"wall must be in one of the years 2 to 9998, not {it.year:04}-")
                for it in (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))
            ),
        ],
    )
    def test_an_argument_of_another_kind_is_refused_at_once(
        self, arguments: dict[str, Any], sentence: str
    ) -> None:
        with pytest.raises(ValueError, match=sentence):
            VirtualClock(**arguments)
        with pytest.raises(ValueError, match=sentence):
            virtual_time("asyncio", **arguments)


async def test_what_has_come_by_a_socket_runs_before_time_moves() -> None:
    here, there = socket.socketpair()
    with here, there:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.sleep, 10)
            await anyio.sleep(1)
            there.send(b"!")
            await anyio.wait_readable(here)
            assert anyio.current_time() == 1
