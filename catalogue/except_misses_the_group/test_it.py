from types import ModuleType
from unittest import mock

import anyio
import pytest

pytestmark = pytest.mark.anyio


async def is_down(place: str) -> None:
    await anyio.sleep(0.05)  # the network
    raise ConnectionError(place)


async def test_waiting(program: ModuleType) -> None:
    assert await program.price(is_down) == "not known today"


async def test_patched(program: ModuleType) -> None:
    ask = mock.AsyncMock(side_effect=ConnectionError, return_value=None)
    assert await program.price(ask) == "not known today"


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    assert await program.price(is_down) == "not known today"


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    assert await program.price(is_down) == "not known today"
