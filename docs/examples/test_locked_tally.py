import random

import pytest
from locked_tally import LockedTally
from tally import main

from awaits.testing import Schedule

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


@pytest.mark.explore(Schedule({(3, 2): 1}, jitter=3.0))
async def test_each_task_that_is_done_is_counted() -> None:
    random.seed(37627)  # 12, 10 and 11 seconds
    tally = LockedTally()
    await main(3, tally)
    assert tally.n_done == 3


@pytest.mark.explore(jitter=3)
async def test_each_is_counted_in_a_hundred_orders() -> None:
    random.seed(37627)
    tally = LockedTally()
    await main(3, tally)
    assert tally.n_done == 3
