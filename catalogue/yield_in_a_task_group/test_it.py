from types import ModuleType
from unittest import mock

import anyio
import pytest

from awaits.testing import every_schedule

pytestmark = pytest.mark.anyio


async def test_waiting(program: ModuleType) -> None:
    assert await program.first_above(3) == 4


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    assert await program.first_above(3) == 4


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    assert await program.first_above(3) == 4


@pytest.mark.virtual_time
async def test_cancelled_anywhere(program: ModuleType) -> None:
    for schedule in every_schedule(0, cancel=True):
        with schedule:
            assert await program.first_above(3) == 4


async def test_patched(program: ModuleType) -> None:
    with mock.patch("anyio.sleep"):
        assert await program.first_above(3) == 4
