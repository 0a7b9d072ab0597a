from types import ModuleType
from unittest import mock

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from awaits.testing import every_schedule

pytestmark = pytest.mark.anyio


async def sells(program: ModuleType) -> None:
    stock = program.Stock(1)
    async with anyio.create_task_group() as tasks:
        for _ in range(2):
            tasks.start_soon(stock.sell)
    assert stock.n_left >= 0


async def test_waiting(program: ModuleType) -> None:
    await sells(program)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await sells(program)


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await sells(program)


@pytest.mark.virtual_time
async def test_cancelled_anywhere(program: ModuleType) -> None:
    for schedule in every_schedule(0, cancel=True):
        with schedule:
            await sells(program)


async def test_patched(program: ModuleType) -> None:
    stock = program.Stock(1)
    with mock.patch.object(stock, "pay") as pay:
        assert await stock.sell()
        assert not await stock.sell()
    pay.assert_awaited_once_with()


@given(n=st.integers(0, 5), n_customers=st.integers(0, 5))
async def test_property(program: ModuleType, n: int, n_customers: int) -> None:
    stock = program.Stock(n)
    with mock.patch("anyio.sleep"):
        async with anyio.create_task_group() as tasks:
            for _ in range(n_customers):
                tasks.start_soon(stock.sell)
    assert stock.n_left == max(0, n - n_customers)
