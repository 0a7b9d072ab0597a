import asyncio
from types import ModuleType
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awaits.testing import every_schedule

pytestmark = pytest.mark.anyio


async def stops(program: ModuleType, seconds: float | None) -> None:
    is_cancelled, n_after = False, 0

    async def send() -> None:
        nonlocal is_cancelled, n_after
        n_after += is_cancelled
        try:
            await asyncio.sleep(0.05)  # the network
        except asyncio.CancelledError:
            is_cancelled = True
            raise

    task = asyncio.create_task(program.deliver(send))
    await asyncio.wait([task], timeout=seconds)
    task.cancel()
    await asyncio.wait([task])
    assert n_after == 0


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
    send = mock.AsyncMock(side_effect=[OSError, None])
    assert await program.deliver(send) == 2


@given(failures=st.integers(0, 3))
async def test_property(program: ModuleType, failures: int) -> None:
    send = mock.AsyncMock(side_effect=[OSError] * failures + [None])
    assert await program.deliver(send) == failures + 1
