from types import ModuleType
from unittest import mock

import pytest

pytestmark = pytest.mark.anyio


async def test_waiting(program: ModuleType) -> None:
    assert await program.greeting("ada") == "Hello, ADA!"


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    assert await program.greeting("ada") == "Hello, ADA!"


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    assert await program.greeting("ada") == "Hello, ADA!"


async def test_patched(program: ModuleType) -> None:
    with mock.patch.object(program, "name", return_value="Ada"):
        assert await program.greeting("ada") == "Hello, Ada!"
