from types import ModuleType

import pytest

pytestmark = pytest.mark.anyio


async def test_waiting(program: ModuleType) -> None:
    assert await program.born("ada") == 1815


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    assert await program.born("ada") == 1815


@pytest.mark.virtual_time
@pytest.mark.explore(jitter=0.2)
async def test_explored_order(program: ModuleType) -> None:
    assert await program.born("ada") == 1815
