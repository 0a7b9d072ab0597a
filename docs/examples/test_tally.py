import random

import pytest
from tally import Tally, main

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


async def test_each_task_that_is_done_is_counted() -> None:
    random.seed(37627)  # 12, 10 and 11 seconds
    tally = Tally()
    await main(3, tally)
    assert tally.n_done == 3
