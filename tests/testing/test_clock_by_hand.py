"""The virtual clock that a test holds, advances and releases itself."""

import math

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from awaits.testing import VirtualClock, virtual_time
from awaits.testing.loops.timekeeper import _Advance  # pyright: ignore[reportPrivateUsage]
from tests.testing.shared import Events, record

HUGE = pytest.param(10**400, id="huge")

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


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

    @pytest.mark.parametrize("seconds", [-1, math.inf, math.nan, HUGE, "1", True, None])
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

    async def test_many_that_are_cancelled_while_they_advance_cost_no_more_than_they_must(
        self, virtual_clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        n_compared = 0
        less = _Advance.__lt__

        def counted(one: _Advance, other: _Advance) -> bool:
            nonlocal n_compared
            n_compared += 1
            return less(one, other)

        monkeypatch.setattr(_Advance, "__lt__", counted)
        monkeypatch.setattr(_Advance, "__eq__", None)  # nothing searches for one
        n_tasks = 2_000
        async with anyio.create_task_group() as tasks:
            for seconds in range(n_tasks):
                tasks.start_soon(virtual_clock.advance, 1 + seconds)
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
        await virtual_clock.advance(0.5)

        assert virtual_clock.time() == 0.5
        assert n_compared < 2 * n_tasks * math.log2(n_tasks)  # and not half their square


@pytest.mark.real_time
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_clock_that_drives_no_event_loop_does_not_advance(backend: str) -> None:
    clock = VirtualClock()
    with pytest.raises(RuntimeError, match="No event loop runs in this clock's time"):
        anyio.run(clock.advance, 3, backend=backend)
    anyio.run(clock.advance, 3, backend=backend, backend_options=virtual_time(backend, clock))
    assert clock.time() == 3.0
    with pytest.raises(RuntimeError, match="No event loop runs in this clock's time"):
        anyio.run(clock.advance, 3, backend=backend)
