"""Second kind of test: patch the sleep. The test is fast, and sees which sleeps were awaited."""

from unittest import mock

import pytest

from awaits import individual_task, main

pytestmark = pytest.mark.anyio


@mock.patch("awaits.tasks.anyio.sleep")
async def test_a_task_sleeps_once_for_10_to_59_seconds(sleep: mock.AsyncMock) -> None:
    await individual_task(2)

    sleep.assert_awaited_once()
    assert sleep.await_args is not None
    assert sleep.await_args.args[0] in range(10, 60)


@mock.patch("awaits.tasks.anyio.sleep")
async def test_each_of_twenty_tasks_sleeps_once(sleep: mock.AsyncMock) -> None:
    await main(20)

    assert sleep.await_count == 20
    assert all(call.args[0] in range(10, 60) for call in sleep.await_args_list)


@mock.patch("awaits.tasks.anyio.sleep")
@mock.patch("awaits.tasks.random.randrange", side_effect=[30, 10, 59])
async def test_the_program_prints_the_header_then_two_lines_a_task(
    randrange: mock.Mock, sleep: mock.AsyncMock, capsys: pytest.CaptureFixture[str]
) -> None:
    await main(3, limit=1)

    assert capsys.readouterr().out == (
        "Task #\tTime\n-------------\n1\t30\nTask 1 done\n2\t10\nTask 2 done\n3\t59\nTask 3 done\n"
    )
    assert randrange.mock_calls == [mock.call(10, 60)] * 3
    assert sleep.mock_calls == [mock.call(30), mock.call(10), mock.call(59)]


async def test_no_tasks_print_the_header_alone(capsys: pytest.CaptureFixture[str]) -> None:
    await main(0)

    assert capsys.readouterr().out == "Task #\tTime\n-------------\n"


@pytest.mark.parametrize("n_tasks", [-1, "20", 2.0])
async def test_a_number_of_tasks_that_makes_no_sense_is_refused(n_tasks: int) -> None:
    with pytest.raises(ValueError, match=r"^n_tasks must be a whole number of at least 0, not "):
        await main(n_tasks)


@pytest.mark.parametrize("limit", [-1, 0, "5"])
async def test_a_limit_that_lets_no_task_run_is_refused(limit: int) -> None:
    with pytest.raises(ValueError, match=r"^limit must be a whole number of at least 1, not "):
        await main(1, limit=limit)
