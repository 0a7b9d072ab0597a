from types import ModuleType
from unittest import mock

import anyio
import pytest

pytestmark = pytest.mark.anyio


async def stops_reading(program: ModuleType) -> None:
    n_read = 0

    async def read() -> int:
        nonlocal n_read
        await anyio.sleep(0.02)  # the sensor
        n_read += 1
        return n_read

    assert await program.first_above(3, read) == 4
    n_before = n_read
    await anyio.sleep(0.1)
    assert n_read == n_before


async def test_waiting(program: ModuleType) -> None:
    await stops_reading(program)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await stops_reading(program)


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await stops_reading(program)


async def test_patched(program: ModuleType) -> None:
    read = mock.AsyncMock(side_effect=[1, 2, 3, 4, 5, 6, 7])
    assert await program.first_above(3, read) == 4
