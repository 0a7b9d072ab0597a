from types import ModuleType
from unittest import mock

import pytest

pytestmark = pytest.mark.anyio


async def test_waiting(program: ModuleType) -> None:
    assert await program.colour(program.Settings()) == "blue"


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    assert await program.colour(program.Settings()) == "blue"


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    assert await program.colour(program.Settings()) == "blue"


async def test_patched(program: ModuleType) -> None:
    settings = mock.MagicMock(get=mock.AsyncMock(return_value="red"))
    settings.__getitem__.return_value = "red"
    assert await program.colour(settings) == "red"
