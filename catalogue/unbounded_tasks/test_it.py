from types import ModuleType
from unittest import mock

import anyio
import pytest
from anyio.lowlevel import checkpoint
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.anyio


async def serves(program: ModuleType, n_urls: int) -> None:
    inside = most_inside = 0

    async def fetch(url: str) -> None:
        nonlocal inside, most_inside
        inside += 1
        most_inside = max(most_inside, inside)
        await anyio.sleep(0.05)  # the server
        inside -= 1

    await program.fetch_all([f"/{number}" for number in range(n_urls)], fetch)
    assert most_inside <= 10


async def test_waiting(program: ModuleType) -> None:
    await serves(program, 100)


async def test_patched(program: ModuleType) -> None:
    fetch = mock.AsyncMock(return_value=None)
    await program.fetch_all([f"/{number}" for number in range(100)], fetch)
    assert fetch.await_count == 100


@given(n_urls=st.integers(0, 100))
async def test_property(program: ModuleType, n_urls: int) -> None:
    async def no_sleep(seconds: float) -> None:
        await checkpoint()

    with mock.patch("anyio.sleep", no_sleep):
        await serves(program, n_urls)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await serves(program, 100)


@pytest.mark.virtual_time
@pytest.mark.explore(20)
async def test_explored_order(program: ModuleType) -> None:
    await serves(program, 100)
