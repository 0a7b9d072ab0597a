import asyncio
from types import ModuleType
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.anyio


async def stops(program: ModuleType) -> None:
    n_sent = 0

    async def send() -> None:
        nonlocal n_sent
        n_sent += 1
        await asyncio.sleep(0.05)  # the network

    task = asyncio.create_task(program.deliver(send))
    await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.wait([task])
    assert n_sent == 1


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
    send = mock.AsyncMock(side_effect=[OSError, None])
    assert await program.deliver(send) == 2


@given(failures=st.integers(0, 3))
async def test_property(program: ModuleType, failures: int) -> None:
    send = mock.AsyncMock(side_effect=[OSError] * failures + [None])
    assert await program.deliver(send) == failures + 1


@pytest.mark.virtual_time
async def test_cancelled_anywhere(program: ModuleType) -> None:
    for schedule in every_schedule(0, cancel=True):
        n_sent = 0

        async def send() -> None:
            nonlocal n_sent
            n_sent += 1
            await asyncio.sleep(0.05)

        with schedule:
            await asyncio.wait([asyncio.create_task(program.deliver(send))])
        assert n_sent == 1
