"""What a schedule tells about what it did."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine

import anyio
import pytest
from anyio.lowlevel import checkpoint

from awaits.testing import DeadlockError, Schedule, virtual_time
from awaits.testing.schedule import unseen
from tests.testing.shared import play, steps

pytestmark = pytest.mark.anyio


@pytest.mark.virtual_time
async def test_an_explanation_tells_who_ran_ahead_of_whom_and_where_each_stood() -> None:
    schedule = Schedule({(1, 2): 9, (2, 9): 9})
    await anyio.sleep(1.5)
    await play(schedule, "a", "b", n_steps=6)
    line = steps.__code__.co_firstlineno + 5
    file = "tests/testing/shared.py"
    assert (
        schedule.explanation
        == f"""\
What Schedule({{(1, 2): 9, (2, 9): 9}}) did:
  delayed before step 2: task 1, steps, {file}:{line}, at 1.5 s; 5 steps went ahead:
    task 2, steps, {file}:{line}, at 1.5 s
    task 2, steps, {file}:{line}, at 1.5 s
    task 2, steps, {file}:{line}, at 1.5 s
    and 2 more"""
    )


async def test_an_explanation_in_real_time_tells_no_time() -> None:
    schedule = Schedule({(1, 1): 1})
    await play(schedule, "a", "b")
    assert (
        schedule.explanation
        == """\
What Schedule({(1, 1): 1}) did:
  delayed before step 1: task 1, steps, not begun; 1 step went ahead:
    task 2, steps, not begun"""
    )


async def test_an_explanation_tells_where_a_task_was_cancelled() -> None:
    schedule = Schedule(cancel=1)
    with schedule, schedule.cancel_scope():
        await anyio.sleep_forever()
    line = test_an_explanation_tells_where_a_task_was_cancelled.__code__.co_firstlineno + 3
    assert (
        schedule.explanation
        == f"""\
What Schedule(cancel=1) did:
  cancelled at await 1 of the cancel scope: task 1, \
test_an_explanation_tells_where_a_task_was_cancelled, tests/testing/test_report.py:{line}"""
    )


async def test_a_schedule_that_changed_nothing_says_so() -> None:
    schedule = Schedule({(9, 9): 9})
    assert schedule.explanation == "Schedule({(9, 9): 9}) did nothing."
    await play(schedule, "a", "b")
    assert schedule.explanation == "Schedule({(9, 9): 9}) did nothing."


async def test_an_error_in_the_block_is_given_the_explanation() -> None:
    schedule = Schedule({(1, 1): 1})
    with pytest.raises(ZeroDivisionError) as caught:
        with schedule:
            async with anyio.create_task_group() as group:
                group.start_soon(checkpoint)
                group.start_soon(checkpoint)
            raise ZeroDivisionError
    assert caught.value.__notes__ == [schedule.explanation]


async def test_an_error_in_the_block_of_a_schedule_that_nobody_sees_is_left_alone() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        with unseen(Schedule({(1, 1): 1})):
            raise ZeroDivisionError
    assert not hasattr(caught.value, "__notes__")


async def sells(first: anyio.Lock, second: anyio.Lock) -> None:
    async with first:
        await checkpoint()
        async with second:
            await checkpoint()


async def taking(second: anyio.Lock) -> AsyncGenerator[None]:
    async with second:
        yield


async def sells_by_a_generator(first: anyio.Lock, second: anyio.Lock) -> None:
    async with first:
        await checkpoint()
        async for _ in taking(second):
            await checkpoint()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("sells", [sells, sells_by_a_generator])
def test_lanes_mark_where_the_order_differs_and_tell_the_time_and_who_holds_what(
    backend: str, sells: Callable[[anyio.Lock, anyio.Lock], Coroutine[object, object, None]]
) -> None:
    schedule = Schedule({(1, 2): 1}, jitter=3)

    async def main() -> None:
        till, stock = anyio.Lock(), anyio.Lock()
        with schedule:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(sells, till, stock)
                await anyio.sleep(1)
                tasks.start_soon(sells, stock, till)

    with pytest.raises(DeadlockError):
        anyio.run(main, backend=backend, backend_options=virtual_time(backend))
    lines = schedule.lanes.splitlines()
    name = sells.__name__
    assert lines[0].split() == ["1", name, "2", f"{main.__name__}", "3", name]
    assert lines[1].startswith("0 s ")
    ahead = [line for line in lines if ">" in line]
    assert ahead[0].startswith("1 s > ┆")
    assert ahead[-1].startswith("> went ahead")
    assert "Lock 'second', held by 3" in schedule.lanes
    assert "Lock 'second', held by 1" in schedule.lanes


async def test_tasks_of_one_function_are_told_apart_and_one_not_begun_has_its_name() -> None:
    schedule = Schedule({(1, 1): 1})
    await play(schedule, "a", "b")
    assert schedule.lanes.splitlines()[0].split() == ["1", "steps", "2", "steps"]


def test_of_many_lanes_those_are_shown_that_a_schedule_met(anyio_backend_name: str) -> None:
    schedule = Schedule({(10, 1): 1, (10, 2): 1})

    async def main() -> None:
        await play(schedule, *"abcdefghij")

    anyio.run(main, backend=anyio_backend_name)

    head, *rows = schedule.lanes.splitlines()
    assert "10 steps" in head
    assert "9 steps" not in head
    assert sum("(delayed)" in row for row in rows) == 2


async def test_of_many_delays_the_first_are_told_and_each_cancellation() -> None:
    schedule = Schedule({(1, "every"): 1}, cancel=(2, 90))
    await play(schedule, "a", "b", "c", n_steps=100)

    lines = schedule.explanation.splitlines()
    assert sum("delayed before step" in line for line in lines) == 10
    assert lines[-2].startswith("  cancelled before step 90: task 2, ")
    assert lines[-1].startswith("  delayed ")
    assert lines[-1].endswith(" more steps")
    assert schedule.lanes.count("(delayed)") < 20
    assert schedule.lanes.count("(cancelled)") == 1


async def test_a_schedule_that_only_cancels_is_drawn_and_one_that_does_nothing_is_not() -> None:
    cancels, does_nothing = Schedule(cancel=(1, 2)), Schedule()
    for schedule in cancels, does_nothing:
        await play(schedule, "a", "b")
    assert cancels.lanes.count("(cancelled)") == 1
    assert does_nothing.lanes == ""


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_lanes_name_a_task_that_was_late_until_the_end() -> None:
    schedule = Schedule({(1, 1): 1_000})
    async with anyio.create_task_group() as tasks:
        with schedule:
            tasks.start_soon(steps, "a", 1, [])
            tasks.start_soon(steps, "b", 3, [])
            await checkpoint()
            await checkpoint()
    assert "1 steps" in schedule.lanes.splitlines()[0]


@pytest.mark.virtual_time
async def test_a_step_that_stands_in_a_library_has_begun() -> None:
    schedule = Schedule({(1, 2): 2})
    await play(schedule)
    with schedule:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.sleep, 0.1 + 0.2)
            tasks.start_soon(anyio.sleep, 0.1 + 0.2)
            tasks.start_soon(anyio.sleep, 0.1 + 0.2)
    assert "delayed before step 2: task 1, sleep, in anyio, at 0.3 s; 2 steps" in (
        schedule.explanation
    )


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_step_that_callbacks_alone_went_ahead_of_is_told() -> None:
    schedule = Schedule({(1, 1): 1})
    loop = asyncio.get_running_loop()
    ran: list[str] = []

    async def work() -> None:
        ran.append("task")

    with schedule:
        task = asyncio.create_task(work())
        loop.call_soon(ran.append, "callback")
        await task
    assert ran == ["callback", "task"]
    assert "work, not begun; no step, but callbacks of the event loop went ahead" in (
        schedule.explanation
    )
    assert "(delayed)" in schedule.lanes


@pytest.mark.virtual_time
async def test_a_lane_has_the_name_by_which_its_task_is_known_where_it_stands() -> None:
    async def named() -> None:
        await checkpoint()
        await checkpoint()

    schedule = Schedule({(1, 2): 2})
    with schedule:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(named, name="a name")
            tasks.start_soon(steps, "b", 3, [])
            tasks.start_soon(steps, "c", 3, [])
    assert "1 named 'a name'" in schedule.lanes.splitlines()[0]


async def test_lanes_shorten_long_names_and_tell_how_many_do_not_fit() -> None:
    schedule = Schedule({(1, 1): 1})

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            for letter in "abcde":
                tasks.start_soon(steps, letter, 2, [], name=60 * letter)

    with schedule:
        await main()
    lanes = schedule.lanes
    head = lanes.splitlines()[0]
    assert [name[1:3] for name in head.split() if "..." in name] == ["aa", "bb", "cc"]
    assert lanes.splitlines()[-1].startswith("and 1 more task, whose lanes do not fit")


async def test_lanes_do_not_explain_a_mark_that_is_in_none_of_them() -> None:
    schedule = Schedule({(1, 1): 1, (2, 1): 1, (3, 1): 1})
    with schedule:
        async with anyio.create_task_group() as tasks:
            for letter in "abcd":
                tasks.start_soon(steps, letter, 1, [], name=60 * letter)
    assert "dddd, not begun" in schedule.explanation  # went ahead
    assert ">" not in schedule.lanes


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_who_is_told_as_cancelled_is_in_the_cancel_scope() -> None:
    schedule = Schedule(cancel=2)

    async def background() -> None:
        for _ in range(9):
            await asyncio.sleep(0)

    async def program() -> None:
        task = asyncio.create_task(background())  # no task of anyio's
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await task

    with schedule, schedule.cancel_scope() as scope:
        await program()
    assert scope.cancelled_caught
    assert "test_who_is_told_as_cancelled" in schedule.explanation
    assert "background" not in schedule.explanation


@pytest.mark.virtual_time
async def test_lanes_tell_the_time_only_if_it_has_moved() -> None:
    schedule = Schedule({(1, 1): 1})
    await play(schedule, "a", "b")
    assert " s " not in schedule.lanes


async def test_an_order_is_told_where_hypothesis_is_not_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "hypothesis")
    schedule = Schedule({(1, 1): 1})
    await play(schedule, "a", "b")
    assert "delayed before step 1: task 1" in schedule.explanation
    assert "(delayed)" in schedule.lanes
