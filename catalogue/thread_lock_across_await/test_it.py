from types import ModuleType
from unittest import mock

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.anyio


async def deposits_add_up(program: ModuleType) -> None:
    account = program.Account()
    async with anyio.create_task_group() as tasks:
        for amount in 10, 20:
            tasks.start_soon(account.deposit, amount)
    assert account.balance == 30


async def test_waiting(program: ModuleType) -> None:
    await deposits_add_up(program)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await deposits_add_up(program)


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await deposits_add_up(program)


async def test_patched(program: ModuleType) -> None:
    account = program.Account()
    with mock.patch("anyio.sleep"):
        await account.deposit(10)
        await account.deposit(20)
    assert account.balance == 30


@given(amounts=st.lists(st.integers()))
async def test_property(program: ModuleType, amounts: list[int]) -> None:
    account = program.Account()
    with mock.patch("anyio.sleep"):
        for amount in amounts:
            await account.deposit(amount)
    assert account.balance == sum(amounts)
