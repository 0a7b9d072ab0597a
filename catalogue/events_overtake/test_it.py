from types import ModuleType
from unittest import mock

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.anyio


async def store(state: str) -> None:
    await anyio.sleep(0.02)  # the database


async def ends_in_the_last(program: ModuleType, states: list[str]) -> None:
    assert await program.follow(states, store) == states


async def test_waiting(program: ModuleType) -> None:
    await ends_in_the_last(program, list("abcdefghij"))


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await ends_in_the_last(program, list("abcdefghij"))


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await ends_in_the_last(program, list("abcdefghij"))


async def test_patched(program: ModuleType) -> None:
    assert await program.follow(["packed", "sent"], mock.AsyncMock()) == ["packed", "sent"]


@given(states=st.lists(st.text()))
async def test_property(program: ModuleType, states: list[str]) -> None:
    assert await program.follow(states, mock.AsyncMock()) == states
