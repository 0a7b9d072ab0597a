from types import ModuleType
from unittest import mock

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.anyio


async def ask() -> str:
    await anyio.sleep(0.05)  # the network
    return "yes"


async def test_waiting(program: ModuleType) -> None:
    assert await program.answer(ask) == "yes"


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    assert await program.answer(ask) == "yes"


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    assert await program.answer(ask) == "yes"


async def test_patched(program: ModuleType) -> None:
    assert await program.answer(mock.AsyncMock(return_value="yes")) == "yes"


@given(text=st.text())
async def test_property(program: ModuleType, text: str) -> None:
    assert await program.answer(mock.AsyncMock(return_value=text)) == text
