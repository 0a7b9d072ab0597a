from types import ModuleType
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.anyio


async def test_waiting(program: ModuleType) -> None:
    assert await program.greeting("Ada") == "Hello, Ada!"


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    assert await program.greeting("Ada") == "Hello, Ada!"


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    assert await program.greeting("Ada") == "Hello, Ada!"


async def test_patched(program: ModuleType) -> None:
    with mock.patch("anyio.sleep"):
        assert await program.greeting("Ada") == "Hello, Ada!"


@given(name=st.text())
async def test_property(program: ModuleType, name: str) -> None:
    with mock.patch("anyio.sleep"):
        assert await program.greeting(name) == f"Hello, {name}!"
