import random

import anyio
import pytest
from twenty_tasks import main

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


async def test_three_tasks_take_as_long_as_the_longest() -> None:
    random.seed(37627)  # 12, 10 and 11 seconds
    await main(3)
    assert anyio.current_time() == 12.0


async def test_after_eleven_seconds_two_of_three_are_done(
    capsys: pytest.CaptureFixture[str],
) -> None:
    random.seed(37627)
    with anyio.move_on_after(11.5):
        await main(3)
    assert capsys.readouterr().out.count("done") == 2
    assert anyio.current_time() == 11.5
