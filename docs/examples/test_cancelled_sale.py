import anyio
import pytest
from hypothesis import given
from stock import CarefulStock

from awaits.testing import Schedule, schedules

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


@given(schedule=schedules())
async def test_wherever_sales_are_cancelled_no_piece_is_lost(schedule: Schedule) -> None:
    stock, n_sold = CarefulStock(3), 0

    async def customer() -> None:
        nonlocal n_sold
        sold = await stock.sell()
        n_sold += sold  # not `n_sold += await ...`, which reads n_sold before it waits

    with schedule, schedule.cancel_scope():
        async with anyio.create_task_group() as customers:
            for _ in range(5):
                customers.start_soon(customer)
    assert stock.n_left + n_sold == 3
