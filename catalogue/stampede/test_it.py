from types import ModuleType
from unittest import mock

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from awaits.testing import every_schedule

pytestmark = pytest.mark.anyio


async def fetches_once(program: ModuleType) -> None:
    fetched: list[str] = []

    async def fetch(key: str) -> str:
        await anyio.sleep(0.05)  # the server
        fetched.append(key)
        return key

    cache = program.Cache(fetch)
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(cache.get, "a")
    assert len(fetched) <= 1


async def test_waiting(program: ModuleType) -> None:
    await fetches_once(program)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await fetches_once(program)


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await fetches_once(program)


@pytest.mark.virtual_time
async def test_cancelled_anywhere(program: ModuleType) -> None:
    for schedule in every_schedule(0, cancel=True):
        with schedule:
            await fetches_once(program)


async def test_patched(program: ModuleType) -> None:
    fetch = mock.AsyncMock(return_value="A")
    cache = program.Cache(fetch)
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(cache.get, "a")
    fetch.assert_awaited_once_with("a")


@given(keys=st.lists(st.sampled_from("abc"), max_size=6))
async def test_property(program: ModuleType, keys: list[str]) -> None:
    fetch = mock.AsyncMock(return_value="A")
    cache = program.Cache(fetch)
    for key in keys:
        assert await cache.get(key) == "A"
    assert fetch.await_count == len(set(keys))
