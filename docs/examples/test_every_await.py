import itertools

import pytest
from stock import CarefulStock

from awaits.testing import Schedule

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


async def test_at_whichever_await_sales_are_cancelled_no_piece_is_lost() -> None:
    for n in itertools.count(1):
        stock, n_sold = CarefulStock(3), 0
        with Schedule(cancel=n) as schedule, schedule.cancel_scope() as scope:
            for _ in range(5):
                sold = await stock.sell()
                n_sold += sold
        assert stock.n_left + n_sold == 3, schedule.explanation
        if not scope.cancel_called:
            break  # there is no such await: all were tried
