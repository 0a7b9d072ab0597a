from types import ModuleType

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.anyio


async def all_take(program: ModuleType) -> None:
    shelf, taken = program.Shelf(), []

    async def take() -> None:
        taken.append(await shelf.take())

    async def put() -> None:
        for item in "tea", "cake":
            await anyio.sleep(0.02)  # the kitchen
            await shelf.put(item)

    async with anyio.create_task_group() as tasks:
        for task in take, take, put:
            tasks.start_soon(task)
    assert sorted(taken) == ["cake", "tea"]


async def test_waiting(program: ModuleType) -> None:
    await all_take(program)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await all_take(program)


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await all_take(program)


@given(items=st.lists(st.text(), min_size=1))
async def test_property(program: ModuleType, items: list[str]) -> None:
    shelf = program.Shelf()
    await shelf.put(*items)
    assert sorted([await shelf.take() for _ in items]) == sorted(items)
