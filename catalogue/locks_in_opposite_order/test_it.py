from types import ModuleType
from unittest import mock

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.anyio


async def transfers(program: ModuleType, *numbers: int) -> None:
    accounts = [program.Account(0, 100), program.Account(1, 100)]
    with anyio.move_on_after(2) as scope:
        async with anyio.create_task_group() as tasks:
            for number in numbers:
                source, target = accounts[number], accounts[1 - number]
                tasks.start_soon(program.transfer, source, target, 10)
    assert not scope.cancelled_caught
    assert sum(account.balance for account in accounts) == 200


async def test_waiting(program: ModuleType) -> None:
    await transfers(program, 0, 1)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await transfers(program, 0, 1)


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await transfers(program, 0, 1)


async def test_patched(program: ModuleType) -> None:
    one, two = program.Account(0, 100), program.Account(1, 100)
    with mock.patch("anyio.sleep"):
        await program.transfer(one, two, 10)
        await program.transfer(two, one, 20)
    assert (one.balance, two.balance) == (110, 90)


@given(amounts=st.lists(st.integers(0, 100)))
async def test_property(program: ModuleType, amounts: list[int]) -> None:
    one, two = program.Account(0, 100), program.Account(1, 100)
    with mock.patch("anyio.sleep"):
        for amount in amounts:
            await program.transfer(one, two, amount)
            await program.transfer(two, one, amount)
    assert (one.balance, two.balance) == (100, 100)
