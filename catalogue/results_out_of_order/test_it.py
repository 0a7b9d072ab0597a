from types import ModuleType
from unittest import mock

import anyio
import pytest

pytestmark = pytest.mark.anyio


async def fetch(url: str) -> str:
    await anyio.sleep(0.05)  # the network
    return url.title()


async def titles_are_their_own(program: ModuleType) -> None:
    urls = [f"page {n}" for n in range(10)]
    assert await program.titles(urls, fetch) == {url: url.title() for url in urls}


async def test_waiting(program: ModuleType) -> None:
    await titles_are_their_own(program)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await titles_are_their_own(program)


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await titles_are_their_own(program)


async def test_patched(program: ModuleType) -> None:
    ask = mock.AsyncMock(side_effect=["One", "Two"])
    found = await program.titles(["a", "b"], ask)
    assert sorted(found.values()) == ["One", "Two"]
