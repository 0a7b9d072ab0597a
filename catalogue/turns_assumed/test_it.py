from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.anyio


async def deals_in_turn(program: ModuleType, n: int) -> None:
    one, two = await program.deal(list(range(n)))
    assert (one, two) == (list(range(n))[::-2], list(range(n - 1))[::-2])


async def test_waiting(program: ModuleType) -> None:
    await deals_in_turn(program, 20)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await deals_in_turn(program, 20)


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await deals_in_turn(program, 20)


@given(n=st.integers(0, 20))
async def test_property(program: ModuleType, n: int) -> None:
    await deals_in_turn(program, n)
