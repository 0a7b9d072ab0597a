import anyio
import pytest
from one_task import individual_task

pytestmark = pytest.mark.anyio


async def test_a_task_says_how_long_it_will_wait(capsys: pytest.CaptureFixture[str]) -> None:
    with anyio.move_on_after(0.1):
        await individual_task(1)
    number, seconds = capsys.readouterr().out.split()
    assert number == "1"
    assert int(seconds) in range(10, 60)


async def test_a_call_without_await_does_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    coroutine = individual_task(1)
    assert capsys.readouterr().out == ""
    coroutine.close()
