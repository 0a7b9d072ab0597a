from unittest import mock

import pytest
from one_task import individual_task
from twenty_tasks import main

pytestmark = pytest.mark.anyio


@mock.patch("one_task.anyio.sleep")
async def test_a_task_sleeps_once(sleep: mock.AsyncMock) -> None:
    await individual_task(1)
    sleep.assert_awaited_once()
    assert sleep.await_args is not None
    assert sleep.await_args.args[0] in range(10, 60)


@mock.patch("one_task.anyio.sleep")
async def test_each_of_twenty_tasks_sleeps_once(sleep: mock.AsyncMock) -> None:
    await main(20)
    assert sleep.await_count == 20
