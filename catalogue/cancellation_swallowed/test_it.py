import asyncio
from types import ModuleType
from unittest import mock

import pytest

pytestmark = pytest.mark.anyio


async def stops(program: ModuleType) -> None:
    begun: list[str] = []

    async def copy(file: str) -> None:
        begun.append(file)
        await asyncio.sleep(0.05)  # the disk

    task = asyncio.create_task(program.copy_all(["a", "b", "c"], copy))
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task])
    assert begun == ["a"]


async def test_waiting(program: ModuleType) -> None:
    await stops(program)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await stops(program)


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await stops(program)


async def test_patched(program: ModuleType) -> None:
    copy = mock.AsyncMock()
    assert await program.copy_all(["a", "b"], copy) == []


@pytest.mark.virtual_time
async def test_cancelled_anywhere(program: ModuleType) -> None:
    for schedule in every_schedule(0, cancel=True):
        after: list[str] = []

        async def copy(file: str) -> None:
            if schedule.cancelled is not None:
                after.append(file)
            await asyncio.sleep(0.05)

        with schedule:
            task = asyncio.create_task(program.copy_all(["a", "b", "c"], copy))
            await asyncio.wait([task])
        assert after == []
