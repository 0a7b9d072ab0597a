import random
import re
from unittest import mock

import anyio
import pytest

from awaits import main

pytestmark = pytest.mark.anyio


def seconds_in(printed: str) -> list[int]:
    return [int(n) for n in re.findall(r"^\d+\t(\d+)$", printed, re.MULTILINE)]


@pytest.mark.slow
async def test_by_waiting(capsys: pytest.CaptureFixture[str]) -> None:
    random.seed(37627)
    before = anyio.current_time()
    await main(3)
    assert anyio.current_time() - before >= max(seconds_in(capsys.readouterr().out))


@mock.patch("awaits.tasks.anyio.sleep")
async def test_by_a_patched_sleep(
    sleep: mock.AsyncMock, capsys: pytest.CaptureFixture[str]
) -> None:
    random.seed(37627)
    await main(3)
    slept = [call.args[0] for call in sleep.await_args_list]
    assert slept == seconds_in(capsys.readouterr().out)


@pytest.mark.virtual_time
async def test_in_virtual_time(capsys: pytest.CaptureFixture[str]) -> None:
    random.seed(37627)
    await main(3)
    assert anyio.current_time() == max(seconds_in(capsys.readouterr().out))
