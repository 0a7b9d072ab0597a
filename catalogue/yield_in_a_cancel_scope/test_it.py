from types import ModuleType
from unittest import mock

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.anyio


async def copies(program: ModuleType) -> None:
    text, copied = ["", "two", "one"], []

    async def read() -> str:
        await anyio.sleep(0.02)  # the network
        return text.pop()

    with anyio.CancelScope() as scope:
        async for line in program.lines(read):
            await anyio.sleep(0.3)  # the disk
            copied.append(line)
    assert copied == ["one", "two"]
    assert not scope.cancel_called


async def test_waiting(program: ModuleType) -> None:
    await copies(program)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await copies(program)


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await copies(program)


async def test_patched(program: ModuleType) -> None:
    read = mock.AsyncMock(side_effect=["one", "two", ""])
    assert [line async for line in program.lines(read)] == ["one", "two"]


@given(text=st.lists(st.text(min_size=1)))
async def test_property(program: ModuleType, text: list[str]) -> None:
    read = mock.AsyncMock(side_effect=[*text, ""])
    assert [line async for line in program.lines(read)] == text
