"""Which orders are tried, that each replays, and how one that fails is made small."""

import functools
import itertools
import random
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Literal

import anyio
import anyio.lowlevel
import pytest

from awaits.testing import Schedule, virtual_time
from awaits.testing import schedule as schedule_module
from awaits.testing.deviations import Delayed, checked_delays
from awaits.testing.explore import Explorer, Trial
from awaits.testing.loops.delays import IDLE_STEPS
from awaits.testing.mixture import MIXTURE
from awaits.testing.schedule import order_of
from awaits.testing.shrink import shrink
from benchmarks.programs import PROGRAMS, cancel_scope
from benchmarks.programs.base import Program, steps, together

if TYPE_CHECKING:
    from awaits.testing.every import DelayDict

Order = AbstractContextManager[object]

N_ORDERS = 30
JITTER = 4.0

pytestmark = pytest.mark.parametrize("backend", ["asyncio", "trio"])


def run(program: Callable[[], Awaitable[None]], order: Order, backend: str) -> Exception | None:
    """Run a program in an order of its tasks; return what it raises."""

    async def main() -> None:
        with order:
            # Whoever explores cancels tasks, and not the scopes that the programs offer.
            token = cancel_scope.set(nullcontext)
            try:
                await program()
            finally:
                cancel_scope.reset(token)

    try:
        anyio.run(main, backend=backend, backend_options=virtual_time(backend))
    except Exception as error:  # noqa: BLE001 however it fails
        return error
    return None


def explorer_of(program: Program, seed: str = "seed") -> Explorer:
    return Explorer(
        seed,
        jitter=JITTER if "jitter" in program.needs else 0.0,
        cancel="cancel" in program.needs,
    )


def again(schedule: Schedule) -> Trial:
    """Return what plays a schedule and tells in which order the tasks ran."""
    return Trial(order_of(schedule), schedule)


def delays_of(schedule: Schedule) -> Delayed:
    assert not callable(schedule.delays)
    return schedule.delays


def n_deviations(schedule: Schedule) -> int:
    return len(delays_of(schedule)) + (schedule.cancel is not None)


async def three_tasks() -> None:
    await together(*[lambda: steps(4)] * 3)


def orders(backend: str, seed: str, n_orders: int = N_ORDERS) -> list[tuple[int, ...]]:
    ran: list[tuple[int, ...]] = []
    for trial in Explorer(seed).trials(n_orders):
        run(three_tasks, trial, backend)
        ran.append(trial.ran)
    return ran


def test_a_seed_says_which_orders_are_tried(backend: str) -> None:
    assert orders(backend, "a") == orders(backend, "a")
    assert orders(backend, "a") != orders(backend, "b")


def test_the_first_order_is_the_loops_own(backend: str) -> None:
    assert orders(backend, "a", 1)[0][:12] == (1, 2, 3) * 4


def test_what_has_one_order_is_run_once(backend: str) -> None:
    explorer = Explorer("seed")
    for trial in explorer.trials(N_ORDERS):
        assert run(lambda: steps(4), trial, backend) is None
    assert (explorer.n_orders, explorer.n_distinct) == (1, 1)


def test_each_line_is_slow_early_for_all_who_stand_there(backend: str) -> None:
    slow: list[set[object]] = []
    for trial in Explorer("seed").trials(10):
        run(lambda: together(*[lambda: steps(3)] * 2), trial, backend)
        slow.append(set(delays_of(trial.schedule)))
    assert {(task, step) for task in (1, 2) for step in (2, 3, 4)} in slow


def test_a_schedule_is_made_a_few_times_an_order_however_many_steps_ran(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_made = 0

    def checked(delays: object) -> Delayed:
        nonlocal n_made
        n_made += 1
        return checked_delays(delays)

    async def alone_and_then_together() -> None:
        await together(lambda: steps(200))
        await together(*[lambda: steps(1)] * 3)

    monkeypatch.setattr(schedule_module, "checked_delays", checked)
    for trial in Explorer("seed").trials(N_ORDERS):
        run(alone_and_then_together, trial, backend)
    assert n_made < 3 * N_ORDERS


def test_it_counts_the_orders_and_those_that_differ(backend: str) -> None:
    explorer = Explorer("seed")
    distinct: set[tuple[int, ...]] = set()
    for trial in explorer.trials(N_ORDERS):
        run(three_tasks, trial, backend)
        distinct.add(trial.ran)
    assert (explorer.n_orders, explorer.n_distinct) == (N_ORDERS, len(distinct))
    assert len(distinct) > N_ORDERS / 2


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_order_replays_from_its_schedule(name: str, backend: str) -> None:
    program = PROGRAMS[name]
    explorer = explorer_of(program)
    drawn = (explorer.drawn(draw, random.Random(name)) for draw in dict.fromkeys(MIXTURE))
    for trial in itertools.chain(explorer.trials(4), drawn):
        error = run(program.wrong, trial, backend)
        replayed = again(Schedule.parse(repr(trial.schedule)))
        error_again = run(program.wrong, replayed, backend)
        assert replayed.ran == trial.ran, trial.schedule
        assert type(error_again) is type(error), trial.schedule


@pytest.mark.parametrize("name", PROGRAMS)
def test_no_order_breaks_what_is_right(name: str, backend: str) -> None:
    program = PROGRAMS[name]
    for trial in explorer_of(program).trials(8):
        assert run(program.right, trial, backend) is None, trial.schedule


@pytest.mark.parametrize(
    "name",
    [
        "late by 50 steps",
        "two steps in a window of 2",
        "a lock waited for busily",
        "a slot lost",
        "a stale compensation",
    ],
)
def test_what_is_found_shrinks_to_what_still_fails_and_needs_all_of_it(
    name: str, backend: str
) -> None:
    program = PROGRAMS[name]

    def fails(schedule: Schedule) -> bool:
        return run(program.wrong, schedule, backend) is not None

    found = next(
        trial.schedule
        for trial in explorer_of(program).trials(1_000)
        if run(program.wrong, trial, backend) is not None
    )
    small = shrink(found, fails)

    assert fails(small)
    assert n_deviations(small) <= min(n_deviations(found), program.deviations + 1)
    delays = delays_of(small)
    for left_out in delays:
        fewer: DelayDict = {key: late for key, late in delays.items() if key != left_out}
        assert not fails(Schedule(fewer, jitter=small.jitter, cancel=small.cancel))


def test_shrinking_leaves_out_what_does_not_matter(backend: str) -> None:
    program = PROGRAMS["late by 20 steps"]
    n_asked = 0

    def fails(schedule: Schedule) -> bool:
        nonlocal n_asked
        n_asked += 1
        return run(program.wrong, schedule, backend) is not None

    noise = {(2, step): 1 for step in range(3, 20)}
    assert fails(Schedule({(1, 4): 600} | noise))
    small = shrink(Schedule({(1, 4): 600} | noise), fails)

    assert list(delays_of(small)) == [(1, 4)]
    assert n_asked <= 30


# Cancelled tasks.


class Record:
    """What became of tasks that take five steps each."""

    def __init__(self) -> None:
        self.ended: list[str] = []
        self.cancelled: list[str] = []

    async def work(self, name: str) -> None:
        try:
            await steps(5)
        except BaseException:
            self.cancelled.append(name)
            raise
        self.ended.append(name)

    async def all(self) -> None:
        async with anyio.create_task_group() as tasks:
            for name in "abc":
                tasks.start_soon(self.work, name)


@pytest.mark.parametrize("step", [2, 3, 5])
def test_a_task_is_cancelled_alone(backend: str, step: int) -> None:
    record = Record()
    schedule = Schedule(cancel=(2, step))
    assert run(record.all, schedule, backend) is None

    assert (record.ended, record.cancelled) == (["a", "c"], ["b"])
    assert f"cancelled before step {step}: task 2, " in schedule.explanation
    assert "work" in schedule.explanation


@pytest.mark.parametrize("cancel", [(2, 7), (9, 2)])
def test_a_task_or_a_step_that_never_comes_is_not_cancelled(
    backend: str, cancel: tuple[int, int]
) -> None:
    record = Record()
    schedule = Schedule(cancel=cancel)
    assert run(record.all, schedule, backend) is None

    assert (record.ended, record.cancelled) == (["a", "b", "c"], [])
    assert schedule.explanation == f"{schedule!r} did nothing."


def test_each_task_that_is_started_is_cancelled_at_each_of_its_awaits(backend: str) -> None:
    seen: set[tuple[int, int, bool]] = set()
    for trial in Explorer("seed", cancel=True).trials(250):
        record = Record()
        assert run(record.all, trial, backend) is None
        cancel = trial.schedule.cancel
        if isinstance(cancel, tuple):
            seen.add((cancel[0], cancel[1], trial.schedule.native))
            assert len(record.cancelled) == 1, trial.schedule
        else:
            assert not record.cancelled
    kinds = [False, True] if backend == "asyncio" else [False]
    for native in kinds:
        assert {(task, step, native) for task in (1, 2, 3) for step in range(2, 7)} <= seen
    assert {task for task, _, _ in seen} == {1, 2, 3}


def test_a_cancelled_task_that_sleeps_is_cancelled_at_once(backend: str) -> None:
    ended: list[float] = []

    async def sleep() -> None:
        try:
            await anyio.sleep(100)
        finally:
            ended.append(anyio.current_time())

    async def main() -> None:
        await together(sleep, lambda: steps(2))

    assert run(main, Schedule(cancel=(1, 2)), backend) is None
    assert ended == [0.0]


# Tasks that wait busily.


async def beside_a_busy_wait(n_steps: int = 5) -> None:
    done = anyio.Event()

    async def poll() -> None:
        while not done.is_set():
            await anyio.lowlevel.checkpoint()

    async def work() -> None:
        await steps(n_steps)
        done.set()

    await together(poll, work)


def test_a_busy_wait_ends_in_every_order(backend: str) -> None:
    for trial in Explorer("seed").trials(N_ORDERS):
        assert run(beside_a_busy_wait, trial, backend) is None
        assert len(trial.ran) < 20_000


def test_a_busy_wait_ends_beside_a_task_whose_every_step_waits_until_nothing_else_can_run(
    backend: str,
) -> None:
    trial = again(Schedule({(2, "every"): "idle"}))
    assert run(beside_a_busy_wait, trial, backend) is None
    assert len(trial.ran) > IDLE_STEPS


LONG_BUSY_WAIT = functools.partial(beside_a_busy_wait, 300)


@pytest.mark.parametrize("late", ["idle", 10**9])
def test_delays_beside_a_busy_wait_are_not_long_for_ever(
    backend: str, late: Literal["idle"] | int
) -> None:
    trial = again(Schedule({(2, "every"): late}))
    assert run(LONG_BUSY_WAIT, trial, backend) is None
    assert len(trial.ran) < 70_000


def test_each_order_with_a_long_busy_wait_is_replayed_by_its_schedule(backend: str) -> None:
    for trial in Explorer("seed").trials(N_ORDERS):
        assert run(LONG_BUSY_WAIT, trial, backend) is None
        assert len(trial.ran) < 20_000
        replayed = again(trial.schedule)
        assert run(LONG_BUSY_WAIT, replayed, backend) is None
        assert replayed.ran == trial.ran
