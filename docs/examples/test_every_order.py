import anyio
import pytest
from stock import FixedStock

from awaits.testing import every_schedule

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


async def test_the_last_one_is_sold_once_in_every_order() -> None:
    every = every_schedule(deviations=2, cancel=True, jitter=3)
    for schedule in every:
        stock = FixedStock(1)
        with schedule:
            async with anyio.create_task_group() as customers:
                for _ in range(3):
                    customers.start_soon(stock.sell)
        assert stock.n_left >= 0, schedule.explanation
    assert str(every).startswith("all "), every
