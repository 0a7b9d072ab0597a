from types import ModuleType
from unittest import mock

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.anyio

PRICES = {"tea": 3, "cake": 5}


async def price(item: str) -> int:
    await anyio.sleep(0.05)  # the database
    return PRICES[item]


async def adds_up(program: ModuleType) -> None:
    basket = program.Basket(price)
    async with anyio.create_task_group() as tasks:
        for item in PRICES:
            tasks.start_soon(basket.add, item)
    assert basket.total == 8


async def test_waiting(program: ModuleType) -> None:
    await adds_up(program)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await adds_up(program)


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await adds_up(program)


async def test_patched(program: ModuleType) -> None:
    basket = program.Basket(mock.AsyncMock(side_effect=[3, 5]))
    async with anyio.create_task_group() as tasks:
        for item in PRICES:
            tasks.start_soon(basket.add, item)
    assert basket.total == 8


@given(prices=st.lists(st.integers(), max_size=5))
async def test_property(program: ModuleType, prices: list[int]) -> None:
    basket = program.Basket(mock.AsyncMock(side_effect=prices))
    async with anyio.create_task_group() as tasks:
        for _ in prices:
            tasks.start_soon(basket.add, "something")
    assert basket.total == sum(prices)
