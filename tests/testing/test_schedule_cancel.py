"""A schedule cancels at each await of its cancel scope."""

import anyio
import pytest
from anyio.lowlevel import checkpoint
from hypothesis import given

from awaits.testing import Schedule, schedules
from tests.testing.shared import Log, steps

pytestmark = pytest.mark.anyio


async def test_a_schedule_cancels_at_each_await_of_its_cancel_scope() -> None:
    async def run(cancel: int | None) -> tuple[Log, bool]:
        log: Log = []
        schedule = Schedule(cancel=cancel)
        with schedule:
            await checkpoint()
            with schedule.cancel_scope() as scope:
                await steps("a", 4, log)
            await checkpoint()
        return log, scope.cancelled_caught

    assert await run(1) == (["a1"], True)
    assert await run(2) == (["a1", "a2"], True)
    assert await run(3) == (["a1", "a2", "a3"], True)
    for too_late in (4, 5, 99, None):
        assert await run(too_late) == (["a1", "a2", "a3", "a4"], False)


@pytest.mark.virtual_time
async def test_a_cancellation_comes_at_once_where_a_task_sleeps() -> None:
    schedule = Schedule(cancel=1)
    with schedule, schedule.cancel_scope() as scope:
        await anyio.sleep(10)
    assert (scope.cancelled_caught, anyio.current_time()) == (True, 0.0)


async def test_the_awaits_of_tasks_in_the_cancel_scope_count_and_others_do_not() -> None:
    async def run(cancel: int) -> Log:
        log: Log = []
        schedule = Schedule(cancel=cancel)
        with schedule:
            async with anyio.create_task_group() as others:
                others.start_soon(steps, "x", 9, log)
                with schedule.cancel_scope():
                    async with anyio.create_task_group() as ours:
                        ours.start_soon(steps, "a", 3, log)
                        ours.start_soon(steps, "b", 3, log)
        return [step for step in log if not step.startswith("x")]

    # The first await is that of the task group. anyio lets every task take its first step.
    assert await run(1) == await run(2) == await run(3) == ["a1", "b1"]
    assert await run(4) == ["a1", "b1", "a2"]
    assert await run(5) == ["a1", "b1", "a2", "b2"]


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
@pytest.mark.parametrize("n_awaits", range(2, 6))
async def test_a_cancellation_that_a_shield_keeps_off_comes_once_and_harms_nothing(
    n_awaits: int,
) -> None:
    schedule = Schedule({(1, 1): 1}, cancel=1)
    go_on = anyio.Event()

    async def shielded() -> None:
        with schedule.cancel_scope(), anyio.CancelScope(shield=True):
            await go_on.wait()

    async with anyio.create_task_group() as group:
        with schedule:
            group.start_soon(shielded)
            for _ in range(n_awaits):
                await checkpoint()
        assert schedule.explanation.count("cancelled at await 1") == 1
        go_on.set()


async def test_a_cancel_scope_without_awaits_is_not_cancelled() -> None:
    schedule = Schedule(cancel=1)
    with schedule:
        with schedule.cancel_scope() as scope:
            pass
        await checkpoint()
    assert not scope.cancel_called


@pytest.mark.virtual_time
@given(schedule=schedules())
async def test_what_cleans_up_leaks_nothing_wherever_it_is_cancelled(schedule: Schedule) -> None:
    limiter = anyio.CapacityLimiter(2)

    async def work() -> None:
        async with limiter:
            await anyio.sleep(1)

    with schedule, schedule.cancel_scope():
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(work)
    assert limiter.borrowed_tokens == 0


async def test_awaits_count_again_in_an_outer_cancel_scope_once_an_inner_one_has_closed() -> None:
    async def is_cancelled(cancel: int) -> bool:
        schedule = Schedule(cancel=cancel)
        with schedule, schedule.cancel_scope() as outer:
            await checkpoint()
            with schedule.cancel_scope():
                await checkpoint()
                await checkpoint()
            for _ in range(3):
                await checkpoint()
        return outer.cancelled_caught

    assert await is_cancelled(1)
    assert await is_cancelled(4)
    assert await is_cancelled(5)
