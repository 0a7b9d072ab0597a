import asyncio
from types import ModuleType
from unittest import mock

import pytest

pytestmark = pytest.mark.anyio


async def ask() -> int:
    await asyncio.sleep(0.05)  # the network
    return 42


async def others_get_it(program: ModuleType) -> None:
    price = program.Price(ask)
    hasty, patient = (asyncio.create_task(price.get()) for _ in range(2))
    await asyncio.sleep(0.02)
    hasty.cancel()
    await asyncio.wait([hasty, patient])
    assert not patient.cancelled()
    assert patient.result() == 42


async def test_waiting(program: ModuleType) -> None:
    await others_get_it(program)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await others_get_it(program)


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await others_get_it(program)


async def test_patched(program: ModuleType) -> None:
    price = program.Price(mock.AsyncMock(return_value=42))
    assert set(await asyncio.gather(price.get(), price.get())) == {42}
