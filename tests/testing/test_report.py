"""What a schedule tells about what it did."""

import anyio
import pytest
from anyio.lowlevel import checkpoint

from awaits.testing import Schedule
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
    name = f"{steps.__module__}.steps"  # as the event loops name a task that has not begun
    assert (
        schedule.explanation
        == f"""\
What Schedule({{(1, 1): 1}}) did:
  delayed before step 1: task 1, {name}, not begun; 1 step went ahead:
    task 2, {name}, not begun"""
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
  cancelled at await 1 of the cancel scope: test_an_explanation_tells_where_a_task_was_cancelled, \
tests/testing/test_report.py:{line}"""
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
