import anyio
import pytest
from hypothesis import given
from stock import Stock

from awaits.testing import Schedule, schedules

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


@given(schedule=schedules(jitter=3))
async def test_the_last_one_is_sold_once(schedule: Schedule) -> None:
    stock = Stock(1)

    async def customer(arrives: float) -> None:
        await anyio.sleep(arrives)
        await stock.sell()

    with schedule:
        async with anyio.create_task_group() as customers:
            customers.start_soon(customer, 0)
            customers.start_soon(customer, 2)
    assert stock.n_left == 0
