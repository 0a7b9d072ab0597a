"""An order by priorities, beside what it is to be: the best of all that is ready."""

import itertools
import random

import anyio
import pytest
from anyio.lowlevel import checkpoint

from awaits.testing import Schedule, virtual_time
from awaits.testing.explore import Trial
from awaits.testing.loops.delays import IDLE_STEPS, MOST_IN_VAIN, InVain
from awaits.testing.loops.orders import Entry
from awaits.testing.loops.priorities import Priorities, Priority
from awaits.testing.schedule import order_of
from tests.testing.loops.shared import on_both


class ByTask:
    """A priority for each task, which may change."""

    def __init__(self, *priorities: float) -> None:
        self.priorities = dict(enumerate(priorities, 1))
        self.asked: list[tuple[int, int]] = []
        self.told: list[tuple[int, int]] = []

    def of(self, task: int, step: int) -> float:
        self.asked.append((task, step))
        return self.priorities.get(task, 0.0)

    def ran(self, task: int, n_steps: int) -> None:
        self.told.append((task, n_steps))


class Drawn:
    """A priority for each step."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)

    def of(self, task: int, step: int) -> float:  # noqa: ARG002 a protocol's
        return self._rng.random()

    def ran(self, task: int, n_steps: int) -> None:
        pass


def step(task: int, number: int = 1) -> Entry:
    return Entry(f"step {number} of {task}", f"task {task}", task, number)


def callback(name: str) -> Entry:
    return Entry(name, None, 0, 0)


def taken(order: Priorities) -> list[object]:
    return [entry.step for entry in iter(order.take, None)]


def names(*tasks: int) -> list[object]:
    return [f"step 1 of {task}" for task in tasks]


def test_the_best_priority_runs_first_and_equal_ones_first_in_first_out() -> None:
    order = Priorities(ByTask(3, 1, 2, 1))
    order.add(map(step, (1, 2, 3, 4)))
    assert order.n_ready == 4
    assert taken(order) == names(2, 4, 3, 1)
    assert (order.n_ready, order.n_late) == (0, 0)


def test_its_schedule_lets_no_step_be_late_in_time() -> None:
    assert Trial(Priorities(ByTask(1))).schedule.jitter == 0.0


def test_a_step_that_comes_later_may_go_ahead() -> None:
    order = Priorities(ByTask(3, 2, 1))
    order.add([step(1), step(2)])
    assert order.take() is not None
    order.add([step(3)])
    assert taken(order) == names(3, 1)


def test_a_step_has_its_priority_from_when_it_became_ready() -> None:
    by_task = ByTask(1, 2)
    order = Priorities(by_task)
    order.add([step(1), step(2)])
    by_task.priorities[1] = 3.0
    order.add([step(3)])
    assert taken(order) == names(3, 1, 2)
    assert by_task.asked == [(1, 1), (2, 1), (3, 1)]
    assert by_task.told == [(3, 0), (1, 1), (2, 2)]


@pytest.mark.parametrize(
    ("priorities", "expected"),
    [
        ((1, 2), ["step 1 of 1", "first", "second", "step 1 of 2"]),
        ((2, 1), ["first", "second", "step 1 of 2", "step 1 of 1"]),
    ],
)
def test_callbacks_keep_their_place_among_the_steps_that_nothing_overtakes(
    priorities: tuple[int, int], expected: list[str]
) -> None:
    order = Priorities(ByTask(*priorities))
    order.add([step(1), callback("first"), callback("second"), step(2)])
    assert order.n_ready == 4
    assert taken(order) == expected


def test_it_notes_the_steps_that_first_in_first_out_would_have_run_earlier() -> None:
    order = Priorities(ByTask(3, 2, 1))
    order.add(map(step, (1, 2, 3)))
    assert taken(order) == names(3, 2, 1)
    assert order.delays == {(2, 1): 1, (1, 1): 2}


def test_the_loops_own_order_has_no_delays() -> None:
    order = Priorities(ByTask())
    order.add(map(step, (1, 2, 3)))
    assert taken(order) == names(1, 2, 3)
    assert order.delays == {}


def test_two_delays_in_vain_at_a_time_count_once() -> None:
    in_vain, longest = InVain(), MOST_IN_VAIN
    in_vain.ended(0, longest - 1)
    in_vain.ended(1, longest - 1)
    assert not in_vain.is_enough
    in_vain.ended(0, longest)
    assert in_vain.is_enough


def test_a_step_waits_for_1000_others_at_most() -> None:
    order = Priorities(ByTask(1, 0))
    order.add([step(1)])
    ran: list[int] = []
    for number in itertools.count(1):
        order.add([step(2, number)])
        entry = order.take()
        assert entry is not None
        ran.append(entry.number)
        if entry.number == 1:
            break
    assert len(ran) == IDLE_STEPS + 1
    assert order.delays == {(1, 1): IDLE_STEPS}


def test_what_is_left_is_taken_in_the_order_in_which_it_came() -> None:
    order = Priorities(ByTask(4, 3, 2, 1))
    order.add([step(1), callback("first"), *map(step, (2, 3, 4)), callback("second")])
    ahead = [order.take(), order.take()]
    assert [it.step for it in ahead if it] == ["first", *names(4)]
    assert [it.step for it in order.rest()] == [*names(1, 2, 3), "second"]
    assert order.n_ready == 0
    assert order.take() is None


@on_both
@pytest.mark.parametrize("seed", range(20))
def test_its_delays_are_the_same_order_as_a_schedule(backend: str, seed: int) -> None:
    rng = random.Random(seed)
    lengths = [rng.randint(0, 9) for _ in range(rng.randint(2, 9))]
    check_that_it_replays(backend, Drawn(seed), lengths)


@on_both
def test_so_are_those_of_a_run_that_is_longer_than_delays_in_vain_may_be(backend: str) -> None:
    check_that_it_replays(backend, ByTask(6, 5, 4, 3, 2, 1), [MOST_IN_VAIN * 2 // 5] * 6)


def check_that_it_replays(backend: str, priority: Priority, lengths: list[int]) -> None:
    async def work(n_steps: int) -> None:
        for number in range(n_steps):
            await (checkpoint() if number % 3 or number > 9 else anyio.sleep(number))

    def run(trial: Trial) -> tuple[int, ...]:
        async def main() -> None:
            with trial:
                async with anyio.create_task_group() as tasks:
                    for n_steps in lengths:
                        tasks.start_soon(work, n_steps)

        anyio.run(main, backend=backend, backend_options=virtual_time(backend))
        return trial.ran

    first = Trial(Priorities(priority))
    ran = run(first)
    schedule = first.schedule

    assert run(Trial(order_of(schedule), schedule)) == ran
    assert sorted(ran) == sorted(run(Trial(order_of(Schedule()), Schedule())))


@on_both
def test_a_step_that_is_late_until_the_end_is_in_the_schedule(backend: str) -> None:
    async def ran_in(order: Trial | Schedule) -> list[str]:
        ran: list[str] = []
        n_ran = 0

        async def work(name: str) -> None:
            ran.append(name)

        async with anyio.create_task_group() as tasks:
            with order:
                tasks.start_soon(work, "a")
                tasks.start_soon(work, "b")
                await checkpoint()
                n_ran = len(ran)
        return ran[:n_ran]

    async def main() -> None:
        trial = Trial(Priorities(ByTask(9, 1, 2)))
        assert await ran_in(trial) == ["b"]
        assert await ran_in(trial.schedule) == ["b"]

    anyio.run(main, backend=backend, backend_options=virtual_time(backend))
