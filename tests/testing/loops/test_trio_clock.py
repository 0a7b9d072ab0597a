"""trio's clock in virtual time."""

import pytest
import trio
from trio._core._run import GLOBAL_RUN_CONTEXT

from tests.testing.loops.shared import on_trio

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


@on_trio
async def test_what_trio_has_for_time_lives_in_it() -> None:
    await trio.sleep(1)
    with trio.move_on_after(2):
        await trio.sleep_forever()
    assert trio.current_time() == 3.0
    await trio.sleep_until(10)
    assert trio.current_time() == 10.0


@on_trio
async def test_a_task_that_cannot_be_interrupted_is_left_alone() -> None:
    task, token = trio.lowlevel.current_task(), trio.lowlevel.current_trio_token()

    def abort(_raise_cancel: object) -> trio.lowlevel.Abort:
        token.run_sync_soon(trio.lowlevel.reschedule, task)
        return trio.lowlevel.Abort.FAILED

    await trio.lowlevel.wait_task_rescheduled(abort)  # else, nothing can ever run again


@on_trio
async def test_a_deadline_that_has_come_is_not_waited_for() -> None:
    clock = trio.lowlevel.current_clock()
    await trio.sleep(1)
    assert clock.deadline_to_sleep_time(1.0) == 0


def is_counting() -> bool:
    return "before_io_wait" in GLOBAL_RUN_CONTEXT.runner.instruments


@on_trio
@pytest.mark.virtual_time(turns=100)
async def test_turns_are_counted_only_where_there_are_many_at_one_instant() -> None:
    await trio.lowlevel.checkpoint()
    assert not is_counting()
    for _ in range(10):
        await trio.lowlevel.checkpoint()
    assert is_counting()
    await trio.sleep(1)
    assert not is_counting()
    for _ in range(10):
        await trio.lowlevel.checkpoint()
    assert is_counting()
