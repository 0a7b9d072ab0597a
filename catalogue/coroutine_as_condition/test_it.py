from types import ModuleType
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.anyio


async def test_waiting(program: ModuleType) -> None:
    files = ["notes"]
    await program.delete("Ada", files)
    assert files == ["notes"]


async def test_patched(program: ModuleType) -> None:
    files = ["notes"]
    with mock.patch.object(program, "may_delete", return_value=False):
        await program.delete("Ada", files)
    assert files == ["notes"]


@given(user=st.text())
async def test_property(program: ModuleType, user: str) -> None:
    files = ["notes"]
    with mock.patch("anyio.sleep"):
        await program.delete(user, files)
    assert (files == []) == (user == "admin")


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    files = ["notes"]
    await program.delete("Ada", files)
    assert files == ["notes"]


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    files = ["notes"]
    await program.delete("Ada", files)
    assert files == ["notes"]
