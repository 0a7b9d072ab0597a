import random

import pytest
from shielded_tally import ShieldedTally
from tally import main

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


@pytest.mark.explore(cancel=True)
async def test_each_task_that_says_done_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    random.seed(37627)  # 12, 10 and 11 seconds
    tally = ShieldedTally()
    await main(3, tally)
    n_said = capsys.readouterr().out.count("done")
    assert tally.n_done == n_said
