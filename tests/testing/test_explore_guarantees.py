"""What docs/explore.md guarantees: which orders are tried whatever is drawn, and how many."""

import random
from functools import partial

import anyio
import pytest
from anyio.lowlevel import checkpoint

from awaits.testing import Schedule, virtual_time
from awaits.testing.explore import Explorer, Trial
from awaits.testing.mixture import Draw, random_priorities, slow_places
from benchmarks.programs.base import Run, steps, together

pytestmark = pytest.mark.parametrize("backend", ["asyncio", "trio"])


class Explored(Explorer):
    """An explorer that tells which of its orders were drawn."""

    def __init__(self, *, cancel: bool = False, jitter: float = 0.0) -> None:
        super().__init__("seed", cancel=cancel, jitter=jitter)
        self.were_drawn: list[Trial] = []

    def drawn(self, draw: Draw, rng: random.Random) -> Trial:
        trial = super().drawn(draw, rng)
        self.were_drawn.append(trial)
        return trial


def run(program: Run, trial: Trial, backend: str) -> None:
    async def main() -> None:
        with trial:
            await program()

    anyio.run(main, backend=backend, backend_options=virtual_time(backend))


def explore(explorer: Explored, program: Run, backend: str, n_orders: int) -> list[Trial]:
    trials: list[Trial] = []
    for trial in explorer.trials(n_orders):
        run(program, trial, backend)
        trials.append(trial)
    return trials


def simple(explorer: Explored, program: Run, backend: str) -> list[Schedule]:
    """Return all orders that are not drawn, but for the first."""
    trials = explore(explorer, program, backend, 300)
    assert trials[-1] in explorer.were_drawn  # so there are no more
    assert trials[-4] in explorer.were_drawn
    return [it.schedule for it in trials[1:] if it not in explorer.were_drawn]


async def set_and_look(unset: Run, *others: Run) -> None:
    """Run a task that sets something, and one that looks at it: in another order, it is not set."""
    is_set = False

    async def sets() -> None:
        nonlocal is_set
        await checkpoint()
        is_set = True

    async def looks() -> None:
        await checkpoint()
        if not is_set:
            await unset()

    await together(sets, looks, *others)


def draws(explorer: Explored, draw: Draw, program: Run, backend: str) -> list[Schedule]:
    """Return a hundred orders of one kind."""
    schedules: list[Schedule] = []
    for number in range(100):
        trial = explorer.drawn(draw, random.Random(f"seed {number}"))
        run(program, trial, backend)
        schedules.append(trial.schedule)
    return schedules


async def three_tasks() -> None:
    await together(*[lambda: steps(9)] * 3)


def test_of_a_hundred_orders_41_are_simple(backend: str) -> None:
    explorer = Explored()
    trials = explore(explorer, three_tasks, backend, 100)
    are_simple = [trial not in explorer.were_drawn for trial in trials]
    assert are_simple[0]  # the loop's own
    assert sum(are_simple[1:]) == 41
    assert are_simple[1:50] == [True, False] * 24 + [True]
    assert are_simple[52:100] == [True, False, False] * 16


@pytest.mark.parametrize("jitter", [0.0, 1.0])
def test_each_step_is_delayed_until_nothing_else_can_run_and_in_another_order_by_one_step(
    backend: str, jitter: float
) -> None:
    tried = simple(Explored(jitter=jitter), three_tasks, backend)
    delayed = [(task, step) for step in range(1, 11) for task in (1, 2, 3)]
    if not jitter:
        delayed.pop()  # it has no other beside it
    until_idle = [Schedule({step: "idle"}, jitter=jitter) for step in delayed]
    by_one = [Schedule({step: 1}, jitter=jitter) for step in delayed]
    assert [it for it in tried if it in until_idle] == until_idle
    assert [it for it in tried if it in by_one] == by_one


def test_a_task_runs_ahead_of_all_others_to_each_line_and_waits_there(backend: str) -> None:
    async def one() -> None:
        await steps(3)
        await checkpoint()

    tried = simple(Explored(), lambda: together(one, *[lambda: steps(9)] * 2), backend)

    ahead = [Schedule({(2, 1): 4, (3, 1): 4, (1, 5): "idle"})]
    assert [it for it in tried if it in ahead] == ahead
    assert Schedule({(2, 1): 1, (3, 1): 1, (1, 2): "idle"}) in tried


def test_all_tasks_that_come_to_a_line_run_ahead_of_those_that_do_not(backend: str) -> None:
    async def one() -> None:
        await steps(3)
        await checkpoint()

    tried = simple(Explored(), lambda: together(one, lambda: steps(9), one), backend)

    assert Schedule({(2, 1): 4, (3, 1): 4, (1, 5): "idle"}) in tried
    assert Schedule({(2, 1): 8, (1, 5): "idle", (3, 5): "idle"}) in tried


def test_a_single_task_is_cancelled_at_each_await_though_no_order_differs(backend: str) -> None:
    explorer = Explored(cancel=True)
    trials = explore(explorer, lambda: together(lambda: steps(3)), backend, 10)
    assert {Schedule(cancel=(1, step)) for step in (2, 3, 4)} <= {it.schedule for it in trials}


def test_a_task_that_waits_longer_because_of_a_delay_is_cancelled_while_it_waits(
    backend: str,
) -> None:
    async def program() -> None:
        done = anyio.Event()

        async def work() -> None:
            try:
                await steps(2)
            finally:
                done.set()

        async def wait() -> None:
            await done.wait()

        await together(work, wait, lambda: steps(9))

    tried = simple(Explored(cancel=True), program, backend)
    assert Schedule({(1, 2): "idle"}, cancel=(2, 2)) in tried


def test_half_of_what_is_drawn_cancels_a_task_and_on_asyncio_half_of_that_natively(
    backend: str,
) -> None:
    explorer = Explored(cancel=True)
    explore(explorer, three_tasks, backend, 1)
    drawn = draws(explorer, random_priorities, three_tasks, backend)
    cancelling = [it for it in drawn if it.cancel is not None]
    assert 30 < len(cancelling) < 70
    natively = [it for it in cancelling if it.native]
    if backend == "asyncio":
        assert 15 < len(natively) < 35
    else:
        assert not natively


def test_it_is_not_noted_what_could_be_delayed_in_a_drawn_order(backend: str) -> None:
    explorer = Explored()
    first, *_ = explore(explorer, three_tasks, backend, 1)
    assert first.contended
    trial = explorer.drawn(random_priorities, random.Random("seed"))
    run(three_tasks, trial, backend)
    assert not trial.contended  # which would take time for each step


def test_some_of_what_is_drawn_delays_the_clean_up_after_a_cancellation(backend: str) -> None:
    async def works() -> None:
        try:
            await steps(3)
        finally:
            with anyio.CancelScope(shield=True):
                await steps(2)

    async def program() -> None:
        await together(works, works)

    explorer = Explored(cancel=True)
    simple(explorer, program, backend)
    pairs = {
        Schedule({(1, again): "idle"}, cancel=(1, step))
        for step in (2, 3, 4)
        for again in range(step + 1, step + 3)
    }
    drawn = draws(explorer, random_priorities, program, backend)
    assert len(pairs & set(drawn)) > 3


def test_a_place_to_which_tasks_come_in_another_order_alone_is_slow_in_some(backend: str) -> None:
    async def unset() -> None:
        log.append("not set")
        await checkpoint()

    async def program() -> None:
        await set_and_look(unset, partial(steps, 9))  # the last: too many to try them all

    log: list[str] = []
    explorer = Explored()
    explore(explorer, program, backend, 1)
    assert not log
    simple(explorer, program, backend)
    assert log
    drawn = draws(explorer, slow_places, program, backend)
    assert any((2, 3) in it.delays for it in drawn if not callable(it.delays))


async def two_in_turns() -> None:
    await together(partial(steps, 1), partial(steps, 1))


def test_a_test_of_few_orders_is_tried_in_each_of_them(backend: str) -> None:
    explorer = Explored()
    trials = explore(explorer, two_in_turns, backend, 100)
    assert explorer.n_distinct == 6  # 4! / (2! * 2!)
    assert explorer.n_orders < 20
    assert not explorer.were_drawn
    assert str(explorer.all) == "all 6 orders passed"
    # The single delays, which are easy to read, come first.
    assert trials[1].schedule == Schedule({(1, 1): "idle"})

    for n_orders in range(1, 9):  # which is not enough
        explorer = Explored()
        explore(explorer, two_in_turns, backend, n_orders)
        assert explorer.n_orders == n_orders
        assert explorer.all is None


@pytest.mark.parametrize("kind", ["cancel", "jitter"])
def test_where_more_than_the_order_varies_it_is_not(backend: str, kind: str) -> None:
    explorer = Explored(cancel=kind == "cancel", jitter=float(kind == "jitter"))
    explore(explorer, two_in_turns, backend, 100)
    assert explorer.all is None
    assert explorer.n_orders == 100


def test_where_there_are_more_orders_than_it_seems_others_are_drawn(backend: str) -> None:
    async def unset() -> None:
        await together(*3 * [partial(steps, 5)])

    explorer = Explored()
    trials = explore(explorer, partial(set_and_look, unset), backend, 1_000)
    assert explorer.all is None
    assert trials.index(explorer.were_drawn[0]) < 150


def test_where_half_of_the_orders_do_not_suffice_others_are_drawn(backend: str) -> None:
    async def program() -> None:
        await together(partial(steps, 2), partial(steps, 1))

    explorer = Explored()
    explore(explorer, program, backend, 100)
    assert str(explorer.all) == "all 10 orders passed"  # 5! / (3! * 2!)

    explorer = Explored()
    explore(explorer, program, backend, 16)
    assert explorer.all is None
    assert explorer.were_drawn
