"""Every order by choices: as many as arithmetic says, each a schedule that replays."""

import asyncio
import gc
import math
from collections.abc import Callable, Coroutine
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from awaits.testing import Schedule, every_schedule, virtual_time
from awaits.testing.every import EverySchedule
from awaits.testing.explore import Explorer, Trial
from awaits.testing.schedule import order_of

both = pytest.mark.parametrize("backend", ["asyncio", "trio"])

Work = Callable[[], Coroutine[object, object, str]]


def run_all(schedules: EverySchedule, backend: str, work: Work) -> list[tuple[Schedule, str]]:
    """Run a program in each order, in one event loop; return what it says."""

    async def main() -> list[tuple[Schedule, str]]:
        said: list[tuple[Schedule, str]] = []
        for schedule in schedules:
            with schedule:
                said.append((schedule, await work()))
        return said

    return anyio.run(main, backend=backend, backend_options=virtual_time(backend))


def in_turns(n_tasks: int, n_steps: int) -> Work:
    async def work() -> str:
        log: list[str] = []

        async def steps(name: str) -> None:
            for number in range(n_steps):
                log.append(name)
                if number < n_steps - 1:
                    await checkpoint()

        async with anyio.create_task_group() as tasks:
            for name in "abc"[:n_tasks]:
                tasks.start_soon(steps, name)
        return "".join(log)

    return work


def n_orders(n_tasks: int, n_steps: int) -> int:
    """How many orders tasks have that take so many steps each."""
    orders: int = math.factorial(n_tasks * n_steps) // math.factorial(n_steps) ** n_tasks
    return orders


def check_number_of_orders(backend: str, n_tasks: int, n_steps: int) -> None:
    schedules = every_schedule("all")
    said = run_all(schedules, backend, in_turns(n_tasks, n_steps))
    expected = n_orders(n_tasks, n_steps)
    assert len({order for _, order in said}) == schedules.n_orders == expected
    all_of_them = "the only order" if expected == 1 else f"all {expected:,} orders"
    assert str(schedules) == f"{all_of_them} passed"


@both
@pytest.mark.parametrize(("n_tasks", "n_steps"), [(1, 3), (2, 1), (2, 2), (2, 3), (3, 2), (3, 3)])
def test_there_are_as_many_orders_as_arithmetic_says(
    backend: str, n_tasks: int, n_steps: int
) -> None:
    check_number_of_orders(backend, n_tasks, n_steps)


@pytest.mark.slow  # minutes for each event loop; on trio, the smaller ones above must do
def test_three_tasks_of_three_awaits_have_34650_orders() -> None:
    assert n_orders(3, 4) == 34_650
    check_number_of_orders("asyncio", 3, 4)


@pytest.mark.parametrize(("n_tasks", "n_steps"), [(2, 3), (3, 2)])
def test_without_callbacks_of_the_event_loop_no_order_is_run_twice(
    n_tasks: int, n_steps: int
) -> None:
    said = run_all(every_schedule("all"), "trio", in_turns(n_tasks, n_steps))
    assert len(said) == n_orders(n_tasks, n_steps)


@both
def test_each_is_a_schedule_that_replays(backend: str) -> None:
    work = in_turns(2, 3)

    async def again(schedule: Schedule) -> str:
        with schedule:
            return await work()

    for schedule, order in run_all(every_schedule("all"), backend, work):
        read = Schedule.parse(repr(schedule))
        options = virtual_time(backend)
        assert anyio.run(again, read, backend=backend, backend_options=options) == order


@both
def test_the_loops_own_order_comes_first_and_then_what_is_nearest_to_it(backend: str) -> None:
    said = run_all(every_schedule("all"), backend, in_turns(2, 3))
    assert said[0][1] == "ababab"
    sizes = [len(it.delays) for it, _ in said if not callable(it.delays)]
    assert sizes[0] == 0
    assert max(sizes[:4]) <= 2 < max(sizes)


def test_on_asyncio_who_is_woken_by_a_callback_may_come_before_who_was_ready() -> None:
    async def work() -> str:
        log: list[str] = []

        async def short() -> None:
            await checkpoint()

        async def long() -> None:
            await checkpoint()
            log.append("long")

        async def wait() -> None:  # gather's own callback wakes it
            await asyncio.gather(short())
            log.append("wait")

        await asyncio.gather(wait(), long())
        return " ".join(log)

    said = run_all(every_schedule("all"), "asyncio", work)
    assert {order for _, order in said} == {"wait long", "long wait"}


@both
def test_time_does_not_move_while_a_task_is_ready_unless_there_is_a_jitter(backend: str) -> None:
    async def work() -> str:
        log: list[str] = []

        async def sleep(name: str, seconds: float) -> None:
            await anyio.sleep(seconds)
            log.append(name)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(sleep, "a", 1)
            tasks.start_soon(sleep, "b", 2)
        return "".join(log)

    assert {order for _, order in run_all(every_schedule("all"), backend, work)} == {"ab"}
    jitter = every_schedule("all", jitter=2)
    assert {order for _, order in run_all(jitter, backend, work)} == {"ab", "ba"}


@both
@pytest.mark.parametrize("most", [1, 5, 30])
def test_it_says_when_it_stopped_before_the_end(backend: str, most: int) -> None:
    schedules = every_schedule("all", most=most)
    assert len(run_all(schedules, backend, in_turns(3, 3))) == most
    assert not schedules.is_complete
    orders = "1 order" if most == 1 else f"{schedules.n_orders} orders"
    assert str(schedules) == f"{orders} passed, and there are more"


@both
def test_it_keeps_no_more_orders_than_it_may_still_try(backend: str) -> None:
    def n_kept() -> int:
        return sum(type(it).__name__ == "_Branch" for it in gc.get_objects())

    async def main() -> None:
        for schedule in every_schedule("all", most=20):
            with schedule:
                await in_turns(3, 5)()
            kept.append(n_kept())

    gc.collect()
    before = n_kept()  # by what other tests have left
    kept: list[int] = []
    anyio.run(main, backend=backend, backend_options=virtual_time(backend))
    assert max(kept) - before <= 20


@both
def test_each_order_comes_again_with_each_cancellation(backend: str) -> None:
    every = every_schedule("all", cancel=True)
    said = run_all(every, backend, in_turns(2, 2))
    assert str(every) == f"all {len(said)} schedules of {every.n_orders} orders passed"
    scopes = [(repr(it.delays), it.cancel) for it, _ in said if it.cancel and not it.native]
    assert len(scopes) == len(set(scopes)) == n_orders(2, 2) * 2


@both
def test_exploring_finds_as_many(backend: str) -> None:
    async def main() -> int:
        explorer = Explorer("every")
        for trial in explorer.every("all"):
            with trial:
                await in_turns(2, 3)()
        return explorer.n_distinct

    options = virtual_time(backend)
    assert anyio.run(main, backend=backend, backend_options=options) == n_orders(2, 3)


@both
def test_many_orders_one_after_another_do_not_go_on_for_ever(backend: str) -> None:
    async def main() -> None:
        for _ in range(60):
            with Trial(order_of(Schedule())):
                await play_steps()

    async def play_steps() -> None:
        for _ in range(20):
            await checkpoint()

    options = virtual_time(backend, turns=300)
    anyio.run(main, backend=backend, backend_options=options)


@pytest.mark.parametrize("deviations", [-1, True, 1.5, "every", None])
def test_what_it_cannot_mean_is_told_in_a_sentence(deviations: object) -> None:
    with pytest.raises(ValueError, match=r"^deviations must be a whole number of at least 0, or "):
        EverySchedule(deviations)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        *(
            ({"most": it}, "most must be a whole number of at least 1, or None, not ")
            for it in (0, -1, 1.5, "3", True)
        ),
        *(({"cancel": it}, "cancel must be True or False, not ") for it in ("no", (1, 2), None)),
        *(({"jitter": it}, "jitter must be a number of seconds ") for it in (-1, "1", 10**400)),
    ],
)
def test_an_argument_that_it_cannot_use_is_refused_at_once(
    arguments: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        EverySchedule(1, **arguments)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_it_ends_where_no_more_deviations_make_a_difference(backend: str) -> None:
    async def main() -> None:
        schedules = EverySchedule(10**100)
        for schedule in schedules:
            with schedule:
                await checkpoint()
        assert schedules.is_complete

    anyio.run(main, backend=backend)
