from collections.abc import AsyncGenerator
from types import ModuleType
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.anyio


async def finds(program: ModuleType, rows: list[str], word: str, found: str) -> None:
    table = program.Table(rows)
    assert await program.find(table, word) == found
    assert not table.is_locked


async def test_waiting(program: ModuleType) -> None:
    await finds(program, ["one", "two", "three"], "w", "two")


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await finds(program, ["one", "two", "three"], "w", "two")


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await finds(program, ["one", "two", "three"], "w", "two")


async def test_patched(program: ModuleType) -> None:
    async def rows() -> AsyncGenerator[str, None]:
        yield "one"
        yield "two"

    table = mock.Mock(read=rows)
    assert await program.find(table, "o") == "one"


@given(rows=st.lists(st.text(min_size=1)))
async def test_property(program: ModuleType, rows: list[str]) -> None:
    with mock.patch("anyio.sleep"):
        await finds(program, rows, "", rows[0] if rows else "")
