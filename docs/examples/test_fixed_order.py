import anyio
import pytest
from hypothesis import example, given
from stock import FixedStock

from awaits.testing import Schedule, schedules

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


@example(schedule=Schedule({(1, 3): 1}, jitter=3))
@given(schedule=schedules(jitter=3))
async def test_the_last_one_is_sold_once(schedule: Schedule) -> None:
    stock = FixedStock(1)

    async def customer(arrives: float) -> None:
        await anyio.sleep(arrives)
        await stock.sell()

    with schedule:
        async with anyio.create_task_group() as customers:
            customers.start_soon(customer, 0)
            customers.start_soon(customer, 2)
    assert stock.n_left == 0
