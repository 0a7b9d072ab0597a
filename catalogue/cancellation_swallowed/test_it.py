import asyncio
from types import ModuleType
from unittest import mock

import pytest

from awaits.testing import every_schedule

pytestmark = pytest.mark.anyio


async def stops(program: ModuleType, seconds: float | None) -> None:
    is_cancelled, begun_after = False, []

    async def copy(file: str) -> None:
        nonlocal is_cancelled
        if is_cancelled:
            begun_after.append(file)
        try:
            await asyncio.sleep(0.05)  # the disk
        except asyncio.CancelledError:
            is_cancelled = True
            raise

    task = asyncio.create_task(program.copy_all(["a", "b", "c"], copy))
    await asyncio.wait([task], timeout=seconds)
    task.cancel()
    await asyncio.wait([task])
    assert begun_after == []


async def test_waiting(program: ModuleType) -> None:
    await stops(program, 0.02)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await stops(program, 0.02)


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await stops(program, 0.02)


@pytest.mark.virtual_time
async def test_cancelled_anywhere(program: ModuleType) -> None:
    for schedule in every_schedule(0, cancel=True):
        with schedule:
            await stops(program, None)


async def test_patched(program: ModuleType) -> None:
    copy = mock.AsyncMock()
    assert await program.copy_all(["a", "b"], copy) == []
