import asyncio
from types import ModuleType
from unittest import mock

import pytest

pytestmark = pytest.mark.anyio


async def adds(program: ModuleType, amounts: list[int]) -> None:
    ledger = program.Ledger()
    async with asyncio.timeout(2):
        await ledger.add_all(amounts)
    assert ledger.entries == amounts


async def test_waiting(program: ModuleType) -> None:
    await adds(program, [1, 2])


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await adds(program, [1, 2])


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await adds(program, [1, 2])


async def test_patched(program: ModuleType) -> None:
    ledger = program.Ledger()
    with mock.patch.object(ledger, "add") as add, mock.patch.object(ledger, "_store") as store:
        await ledger.add_all([1, 2])
    assert add.await_count + store.await_count == 2
