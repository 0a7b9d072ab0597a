from types import ModuleType
from unittest import mock

import anyio
import pytest

from awaits.testing import every_schedule

pytestmark = pytest.mark.anyio


async def all_come_back(program: ModuleType) -> None:
    pool = program.Pool()

    async def query() -> None:
        async with pool.connection():
            await anyio.sleep(0.05)  # the database

    with anyio.move_on_after(0.05):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(query)
            tasks.start_soon(query)
    assert len(pool.free) == 2


async def test_waiting(program: ModuleType) -> None:
    await all_come_back(program)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await all_come_back(program)


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await all_come_back(program)


@pytest.mark.virtual_time
async def test_cancelled_anywhere(program: ModuleType) -> None:
    for schedule in every_schedule(0, cancel=True):
        with schedule:
            await all_come_back(program)


async def test_patched(program: ModuleType) -> None:
    pool = program.Pool()
    with mock.patch.object(pool, "is_alive", return_value=True):
        async with pool.connection() as connection:
            assert connection == "connection 2"
    assert len(pool.free) == 2
