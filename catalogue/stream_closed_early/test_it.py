from types import ModuleType
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.anyio


async def test_waiting(program: ModuleType) -> None:
    assert await program.total([1, 2]) == 3


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    assert await program.total([1, 2]) == 3


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    assert await program.total([1, 2]) == 3


async def test_patched(program: ModuleType) -> None:
    with mock.patch("anyio.sleep"):
        assert await program.total([1, 2]) == 3


@given(numbers=st.lists(st.integers(), max_size=5))
async def test_property(program: ModuleType, numbers: list[int]) -> None:
    with mock.patch("anyio.sleep"):
        assert await program.total(numbers) == sum(numbers)
