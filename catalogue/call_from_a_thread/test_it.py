import asyncio
from types import ModuleType
from unittest import mock

import pytest

pytestmark = pytest.mark.anyio


async def wakes(program: ModuleType) -> None:
    async with asyncio.timeout(1):
        assert await program.Button().pressed()


async def test_waiting(program: ModuleType) -> None:
    await wakes(program)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await wakes(program)


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await wakes(program)


async def test_patched(program: ModuleType) -> None:
    with mock.patch("threading.Thread"), mock.patch("time.sleep"):
        button = program.Button()
        button._watch()
        assert await button.pressed()
