import asyncio
from types import ModuleType
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.anyio


async def copy(file: str) -> None:
    await asyncio.sleep(0.05)  # the disk
    if not file:
        raise FileNotFoundError(file)


async def test_waiting(program: ModuleType) -> None:
    assert await program.back_up(["a", ""], copy) == "1 of 2 copied"


async def test_patched(program: ModuleType) -> None:
    copied = mock.AsyncMock(side_effect=[None, FileNotFoundError])
    assert await program.back_up(["a", "b"], copied) == "1 of 2 copied"


@given(files=st.lists(st.text()))
async def test_property(program: ModuleType, files: list[str]) -> None:
    with mock.patch("asyncio.sleep"):
        said = await program.back_up(files, copy)
    assert said == f"{len([file for file in files if file])} of {len(files)} copied"


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    assert await program.back_up(["a", ""], copy) == "1 of 2 copied"


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    assert await program.back_up(["a", ""], copy) == "1 of 2 copied"
