"""First kind of test: wait. Nothing is replaced, and the test takes as long as the program."""

import random
import re

import anyio
import pytest

from awaits import individual_task, main

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_a_task_waits_for_the_seconds_that_it_prints(
    capsys: pytest.CaptureFixture[str],
) -> None:
    random.seed(6)  # draws few seconds
    before = anyio.current_time()
    await individual_task(2)
    waited = anyio.current_time() - before

    number, seconds = capsys.readouterr().out.splitlines()[0].split("\t")
    assert number == "2"
    assert waited >= int(seconds) >= 10


async def test_twenty_tasks_wait_at_the_same_time(capsys: pytest.CaptureFixture[str]) -> None:
    before = anyio.current_time()
    await main(20)
    waited = anyio.current_time() - before

    seconds = [int(n) for n in re.findall(r"^\d+\t(\d+)$", capsys.readouterr().out, re.MULTILINE)]
    assert len(seconds) == 20
    assert max(seconds) <= waited < sum(seconds)
