from types import ModuleType
from unittest import mock

import anyio
import pytest

pytestmark = pytest.mark.anyio


async def ask(mirror: str) -> str:
    if mirror == "far away":
        await anyio.sleep_forever()
    await anyio.sleep(0.05)  # the network
    return mirror


async def answers(program: ModuleType) -> None:
    with anyio.move_on_after(2) as scope:
        assert await program.fastest(["far away", "near"], ask) == "near"
    assert not scope.cancelled_caught


async def test_waiting(program: ModuleType) -> None:
    await answers(program)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await answers(program)


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await answers(program)


async def test_patched(program: ModuleType) -> None:
    ask = mock.AsyncMock(return_value="near")
    assert await program.fastest(["near", "near"], ask) == "near"
