from types import ModuleType
from unittest import mock

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from awaits.testing import every_schedule

pytestmark = pytest.mark.anyio


async def write(page: str) -> None:
    await anyio.sleep(0.05)  # the paper


async def slots_come_back(program: ModuleType) -> None:
    printer = program.Printer(write)
    with anyio.move_on_after(0.07):
        async with anyio.create_task_group() as tasks:
            for page in "one", "two":
                tasks.start_soon(printer.print, page)
    assert printer.slot.value == 1


async def test_waiting(program: ModuleType) -> None:
    await slots_come_back(program)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await slots_come_back(program)


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await slots_come_back(program)


@pytest.mark.virtual_time
async def test_cancelled_anywhere(program: ModuleType) -> None:
    for schedule in every_schedule(0, cancel=True):
        with schedule:
            await slots_come_back(program)


async def test_patched(program: ModuleType) -> None:
    writes = mock.AsyncMock()
    printer = program.Printer(writes)
    await printer.print("one")
    writes.assert_awaited_once_with("one")
    assert printer.slot.value == 1


@given(pages=st.lists(st.text(), max_size=5))
async def test_property(program: ModuleType, pages: list[str]) -> None:
    printer = program.Printer(mock.AsyncMock())
    for page in pages:
        await printer.print(page)
    assert printer.slot.value == 1
