from types import ModuleType
from unittest import mock

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.anyio


async def connect() -> None:
    await anyio.sleep(0.05)  # the network


async def ask() -> str:
    await anyio.sleep(0.05)
    return "yes"


async def test_waiting(program: ModuleType) -> None:
    assert await program.answer(connect, ask) == "yes"


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    assert await program.answer(connect, ask) == "yes"


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    assert await program.answer(connect, ask) == "yes"


async def test_patched(program: ModuleType) -> None:
    ask = mock.AsyncMock(return_value="yes")
    assert await program.answer(mock.AsyncMock(), ask) == "yes"


@pytest.mark.virtual_time
@given(connecting=st.floats(0, 10), asking=st.floats(0, 0.1))
async def test_property(program: ModuleType, connecting: float, asking: float) -> None:
    async def ask() -> str:
        await anyio.sleep(asking)
        return "yes"

    assert await program.answer(lambda: anyio.sleep(connecting), ask) == "yes"
