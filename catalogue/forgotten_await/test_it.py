from types import ModuleType
from unittest import mock

import pytest

pytestmark = pytest.mark.anyio


async def signs_up(program: ModuleType) -> None:
    records: list[str] = []
    assert await program.sign_up(records, "Ada") == "Welcome, Ada!"
    assert records == ["Ada"]


async def test_waiting(program: ModuleType) -> None:
    await signs_up(program)


async def test_patched(program: ModuleType) -> None:
    with mock.patch.object(program, "save") as save:
        await program.sign_up([], "Ada")
    save.assert_awaited_once_with([], "Ada")


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await signs_up(program)


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await signs_up(program)
