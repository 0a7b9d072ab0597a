from types import ModuleType
from unittest import mock

import pytest

pytestmark = pytest.mark.anyio


async def test_waiting(program: ModuleType) -> None:
    assert await program.first_answer() == "hello"


async def test_patched(program: ModuleType) -> None:
    with mock.patch.object(program, "ask", return_value="hello"):
        assert await program.first_answer() == "hello"


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    assert await program.first_answer() == "hello"


@pytest.mark.virtual_time
@pytest.mark.explore(jitter=1)
async def test_explored_order(program: ModuleType) -> None:
    assert await program.first_answer() == "hello"
