"""Every order up to a bound: none is left out, and the text claims no more than was run."""

import itertools
from collections.abc import Awaitable, Callable
from typing import Literal, cast

import anyio
import pytest
from anyio.lowlevel import checkpoint

from awaits.testing import Schedule, every_schedule, virtual_time
from awaits.testing.every import LATES, DelayDict, EverySchedule
from awaits.testing.explore import Explorer, Trial

both = pytest.mark.parametrize("backend", ["asyncio", "trio"])


async def add_in_two_tasks() -> int:
    """Return what is counted: 2, unless an update is lost."""
    count = 0

    async def add() -> None:
        nonlocal count
        before = count
        await checkpoint()
        count = before + 1

    async def add_later() -> None:
        await checkpoint()
        await checkpoint()
        await add()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(add)
        tasks.start_soon(add_later)
    return count


async def three_at_a_lock() -> None:
    lock = anyio.Lock()

    async def enter() -> None:
        async with lock:
            await checkpoint()

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(enter)


async def three_at_an_event() -> None:
    event = anyio.Event()

    async def set_it() -> None:
        await checkpoint()
        event.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(event.wait)
        tasks.start_soon(set_it)
        tasks.start_soon(event.wait)


def run(order: Schedule | Trial, backend: str) -> int:
    async def main() -> int:
        with order:
            return await add_in_two_tasks()

    return anyio.run(main, backend=backend, backend_options=virtual_time(backend))


def run_all(schedules: EverySchedule, backend: str) -> list[int]:
    return [run(schedule, backend) for schedule in schedules]


@both
def test_without_a_deviation_there_is_the_loops_own_order_alone(backend: str) -> None:
    schedules = every_schedule(0)
    assert run_all(schedules, backend) == [2]
    assert str(schedules) == "the only schedule with at most 0 deviations passed"


@both
def test_one_deviation_is_enough_for_a_lost_update(backend: str) -> None:
    schedules = every_schedule()
    counts = run_all(schedules, backend)
    assert 1 in counts
    assert str(schedules) == f"all {len(counts)} schedules with at most 1 deviation passed"


@both
def test_no_schedule_comes_twice_and_the_fewest_deviations_come_first(backend: str) -> None:
    said: list[Schedule] = []
    for schedule in every_schedule(2):
        said.append(schedule)
        run(schedule, backend)
    sizes = [0 if callable(it.delays) else len(it.delays) for it in said]
    assert sizes == sorted(sizes)
    assert len({repr(it) for it in said}) == len(said)


@both
@pytest.mark.parametrize("work", [three_at_a_lock, three_at_an_event])
def test_no_order_that_two_delays_make_is_left_out(
    backend: str, work: Callable[[], Awaitable[None]]
) -> None:
    def order(schedule: Schedule) -> tuple[int, ...]:
        async def main() -> None:
            with schedule:
                await work()

        anyio.run(main, backend=backend, backend_options=virtual_time(backend))
        return schedule.ran

    first = order(Schedule())
    steps = [(task, step) for task in set(first) for step in range(1, first.count(task) + 1)]
    each = [(step, late) for step in steps for late in LATES]
    pairs = itertools.combinations_with_replacement(each, 2)  # also one delay alone, twice
    made = {order(Schedule(cast("DelayDict", dict(pair)))) for pair in pairs}
    schedules = every_schedule(2)
    assert {order(schedule) for schedule in schedules} == made | {first}
    assert schedules.n_orders == len(made | {first})


@both
@pytest.mark.parametrize("deviations", [2, "all"])
def test_it_does_not_claim_all_where_tasks_take_other_steps_each_time(
    backend: str, deviations: int | Literal["all"]
) -> None:
    fetched = False

    async def fetch() -> None:
        nonlocal fetched
        if not fetched:  # for all later runs, too
            await checkpoint()
        fetched = True

    async def main() -> None:
        for schedule in schedules:
            with schedule:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(fetch)
                    tasks.start_soon(three_at_a_lock)

    schedules = every_schedule(deviations)
    anyio.run(main, backend=backend, backend_options=virtual_time(backend))
    assert not schedules.is_complete
    assert " passed, which may not be all: the tasks took other steps though " in str(schedules)


@both
def test_each_order_comes_again_with_each_cancellation(backend: str) -> None:
    cancels = [
        (schedule.cancel, schedule.native)
        for schedule in every_schedule(0, cancel=True)
        if run(schedule, backend)
    ]
    assert cancels[0] == (None, False)
    assert len(cancels) == len(set(cancels)) > 3
    kinds = {False, True} if backend == "asyncio" else {False}
    assert {native for _, native in cancels} == kinds


@both
def test_a_task_that_runs_the_code_of_a_library_alone_is_not_cancelled(backend: str) -> None:
    async def goes_on() -> None:
        await checkpoint()

    async def main() -> None:
        for schedule in every_schedule(0, cancel=True):
            with schedule:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(goes_on)
                    tasks.start_soon(anyio.sleep, 1)
            cancels.append(schedule.cancel)

    cancels: list[object] = []
    anyio.run(main, backend=backend, backend_options=virtual_time(backend))
    assert set(cancels) == {None, (1, 2)}


@both
@pytest.mark.parametrize("cancel", [False, True])
def test_it_says_when_it_stopped_before_the_end(backend: str, *, cancel: bool) -> None:
    schedules = every_schedule(2, cancel=cancel, most=3)
    assert len(run_all(schedules, backend)) == 3
    assert str(schedules) == "3 schedules with at most 2 deviations passed, and there are more"


@both
def test_where_a_step_may_be_late_each_of_them_is_delayed(backend: str) -> None:
    schedules = every_schedule(1, jitter=1)
    assert len(run_all(schedules, backend)) > len(run_all(every_schedule(1), backend))


@both
def test_exploring_finds_the_same(backend: str) -> None:
    explorer = Explorer("every")
    assert 1 in [run(trial, backend) for trial in explorer.every(1)]
    assert explorer.all is not None
    assert explorer.n_orders == explorer.all.n


@both
def test_a_loop_that_another_one_has_overtaken_is_told(backend: str) -> None:
    async def main() -> None:
        schedules = every_schedule(1)
        for schedule in schedules:
            with schedule:
                await add_in_two_tasks()
            for again in schedules:
                with again:
                    await add_in_two_tasks()
            assert str(schedules).startswith("all ")

    with pytest.raises(RuntimeError, match="Another loop over this every_schedule has begun"):
        anyio.run(main, backend=backend)


@both
def test_a_loop_that_was_left_is_in_nobodys_way(backend: str) -> None:
    async def main() -> None:
        schedules = every_schedule(1)
        left = iter(schedules)
        next(left)
        for schedule in schedules:
            with schedule:
                await add_in_two_tasks()
        assert str(schedules).startswith("all ")

    anyio.run(main, backend=backend)


@both
def test_a_schedule_that_is_not_opened_is_told(backend: str) -> None:
    async def main() -> None:
        for _ in every_schedule(1):  # and no `with`
            await add_in_two_tasks()

    with pytest.raises(RuntimeError, match="Open each schedule around the code under test"):
        anyio.run(main, backend=backend, backend_options=virtual_time(backend))


@both
def test_each_iteration_begins_anew(backend: str) -> None:
    schedules = every_schedule(1)
    first = run_all(schedules, backend)
    assert run_all(schedules, backend) == first
    assert str(schedules) == f"all {len(first)} schedules with at most 1 deviation passed"
