"""trio's clock in virtual time."""

import threading
from unittest import mock

import pytest
import trio

from awaits.testing.loops.threads import Threads
from tests.testing.loops.shared import A_MOMENT, on_trio

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
    asked: list[Threads] = []

    def may_come_back(threads: Threads) -> bool:
        asked.append(threads)
        if len(asked) == 2:
            come = token.run_sync_soon, [trio.lowlevel.reschedule, task]
            threading.Timer(A_MOMENT, *come).start()
        return False

    def abort(_raise_cancel: object) -> trio.lowlevel.Abort:
        token.run_sync_soon(int)  # has the clock asked once more
        return trio.lowlevel.Abort.FAILED

    with mock.patch.object(Threads, "may_come_back", may_come_back):
        await trio.lowlevel.wait_task_rescheduled(abort)
    assert len(asked) == 2
