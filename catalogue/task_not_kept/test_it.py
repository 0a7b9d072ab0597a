import asyncio
from types import ModuleType
from unittest import mock

import pytest

pytestmark = pytest.mark.anyio


async def delivers(program: ModuleType) -> None:
    inbox: list[str] = []

    async def answer() -> str:
        await asyncio.sleep(0.05)  # the network
        return "yes"

    program.in_background(answer, inbox)
    await asyncio.sleep(0.2)
    assert inbox == ["yes"]


async def test_waiting(program: ModuleType) -> None:
    await delivers(program)


async def test_patched(program: ModuleType) -> None:
    inbox: list[str] = []
    program.in_background(mock.AsyncMock(return_value="yes"), inbox)
    await asyncio.sleep(0)
    assert inbox == ["yes"]


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await delivers(program)


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await delivers(program)
