from types import ModuleType
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.anyio


async def saves(program: ModuleType, records: list[str]) -> None:
    store: list[str] = []
    assert await program.save_all(store, records) == len(records)
    assert store == records


async def test_waiting(program: ModuleType) -> None:
    await saves(program, ["a", "b"])


async def test_patched(program: ModuleType) -> None:
    with mock.patch.object(program, "save", return_value=True) as save:
        assert await program.save_all([], ["a", "b"]) == 2
    assert save.call_count == 2


@given(records=st.lists(st.text()))
async def test_property(program: ModuleType, records: list[str]) -> None:
    with mock.patch("anyio.sleep"):
        await saves(program, records)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await saves(program, ["a", "b"])


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await saves(program, ["a", "b"])
