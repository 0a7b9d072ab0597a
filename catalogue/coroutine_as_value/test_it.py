from types import ModuleType
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.anyio


async def test_waiting(program: ModuleType) -> None:
    assert await program.greeting(1) == "Hello, user 1!"


async def test_patched(program: ModuleType) -> None:
    with mock.patch.object(program, "name_of", return_value="Ada"):
        assert await program.greeting(1) == "Hello, Ada!"


@given(user=st.integers())
async def test_property(program: ModuleType, user: int) -> None:
    with mock.patch("anyio.sleep"):
        assert await program.greeting(user) == f"Hello, user {user}!"


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    assert await program.greeting(1) == "Hello, user 1!"


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    assert await program.greeting(1) == "Hello, user 1!"
