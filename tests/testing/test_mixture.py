"""What docs/explore.md says of each kind of draw, over many draws of one seed."""

import itertools
import math
import random
from collections.abc import Callable, Coroutine

import anyio
import pytest

from awaits.testing import Schedule, virtual_time
from awaits.testing.deviations import Delayed, Late
from awaits.testing.explore import Explorer, Trial
from awaits.testing.mixture import (
    LONGEST,
    Draw,
    Seen,
    changing_priorities,
    few_delays,
    meetings,
    slow_places,
    speeds,
)
from benchmarks.programs.base import Run, steps, together

N_DRAWS = 200

both = pytest.mark.parametrize("backend", ["asyncio", "trio"])


def draws(draw: Draw, program: Run, backend: str) -> list[Trial]:
    """Draw many orders of one kind, and run them."""

    def run(trial: Trial) -> None:
        async def main() -> None:
            with trial:
                await program()

        anyio.run(main, backend=backend, backend_options=virtual_time(backend))

    explorer = Explorer("seed")
    for first in explorer.trials(1):
        run(first)
    trials = [explorer.drawn(draw, random.Random(f"seed {number}")) for number in range(N_DRAWS)]
    for trial in trials:
        run(trial)
    return trials


def delayed(trial: Trial) -> frozenset[tuple[int, int]]:
    """Return which steps an order delays."""
    delays = trial.schedule.delays
    assert not callable(delays)
    return frozenset((task, step) for task, step in delays if step != "every")


def delays(draw: Callable[[Seen, random.Random], Schedule], seen: Seen) -> list[Delayed]:
    """Draw many schedules, and run none; return what they delay, and how long."""
    some = [draw(seen, random.Random(f"seed {number}")).delays for number in range(N_DRAWS)]
    return [it for it in some if not callable(it)]


def length(late: Late) -> float:
    return math.inf if late == "idle" else late


async def two_tasks() -> None:
    await together(*[lambda: steps(9)] * 2)


@both
def test_a_task_that_runs_loses_its_priority_at_up_to_three_steps(backend: str) -> None:
    def ten_tasks() -> Coroutine[object, object, None]:
        return together(*[lambda: steps(9)] * 10)

    n_switches: set[int] = set()
    for trial in draws(changing_priorities, ten_tasks, backend):
        ran = [task for task in trial.ran if task != 11]  # which waits for the ten
        n_switches.add(sum(one != other for one, other in itertools.pairwise(ran)))
    # Without a change, each task runs to its end. With one, a task ends after all others.
    assert n_switches == {9, 10, 11, 12}


@both
def test_a_task_is_delayed_until_another_comes_to_a_line(backend: str) -> None:
    async def one() -> None:
        await steps(1)
        await steps(1)
        await steps(1)
        await steps(1)

    async def other() -> None:
        await steps(1)
        await steps(1)
        await steps(1)
        await steps(1)

    n_ahead: set[int] = set()
    for trial in draws(meetings, lambda: together(one, other), backend):
        if delayed(trial) == frozenset({(1, 2)}):
            second = [n for n, task in enumerate(trial.ran) if task == 1][1]
            n_ahead.add(trial.ran[:second].count(2))
    assert 5 in n_ahead  # all there are: nobody came to that line
    assert len(n_ahead & {2, 3, 4}) > 1


@both
def test_a_task_is_delayed_as_it_leaves_a_line_alone_or_with_all_that_leave_it(
    backend: str,
) -> None:
    some = {delayed(trial) for trial in draws(meetings, two_tasks, backend)}
    one, other = (1, 10), (2, 10)  # after nine turns of a loop
    assert {frozenset({one}), frozenset({other}), frozenset({one, other})} <= some
    assert {step for steps in some for step in steps if step[0] != 3} == {one, other}


@both
def test_at_a_slow_line_tasks_are_delayed_each_time_or_now_and_then(backend: str) -> None:
    n_delayed = {len(delayed(trial)) for trial in draws(slow_places, two_tasks, backend)}
    assert 18 in n_delayed  # each of nine times, both of them
    assert len(n_delayed & set(range(5, 14))) > 5


@pytest.mark.parametrize(("n_steps", "longest"), [(1_000, 1_000), (100_000, LONGEST)])
def test_a_delay_may_be_as_long_as_the_longest_run(n_steps: int, longest: int) -> None:
    lates = [it[1, 2] for it in delays(few_delays, Seen(n_steps, [(1, 2)]))]
    numbers = [it for it in lates if isinstance(it, int)]
    assert len(numbers) < len(lates)
    assert 0.9 * longest < max(numbers) <= longest
    assert sum(it <= 10 for it in numbers) > N_DRAWS / 10  # of any order of magnitude


def test_each_task_has_a_speed_of_its_own_or_one_alone_is_slow() -> None:
    some = delays(speeds, Seen(1_000, [(1, 2), (2, 2), (3, 2)]))
    slow = [it for it in some if len(it) == 1 and max(map(length, it.values())) > 15]
    assert {it for alone in slow for it in alone} == {(1, "every"), (2, "every"), (3, "every")}
    assert len(slow) > N_DRAWS / 10
    assert {late for alone in slow for late in alone.values()} == {"idle"}  # see `speeds`
    assert any(len(set(it.values())) == 3 for it in some)


def test_who_comes_to_a_line_first_is_first_whoever_comes_there_last() -> None:
    line = two_tasks.__code__, 1
    seen = Seen()
    seen.look_at([(1, 2), (2, 2), (2, 3), (1, 3)], [(line,)] * 4)
    assert seen.came == {line: [(1, 2), (2, 2)]}
