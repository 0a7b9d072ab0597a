from types import ModuleType
from unittest import mock

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from awaits.testing import every_schedule

pytestmark = pytest.mark.anyio


async def only_what_is_down(program: ModuleType) -> None:
    down: list[str] = []

    async def ask(site: str) -> None:
        await anyio.sleep(0.1)  # the network
        if site == "down":
            raise ConnectionRefusedError

    with anyio.move_on_after(0.25):
        await program.check(["up", "down", "up"], ask, down)
    assert down == ["down"]


async def test_waiting(program: ModuleType) -> None:
    await only_what_is_down(program)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await only_what_is_down(program)


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await only_what_is_down(program)


async def test_patched(program: ModuleType) -> None:
    down: list[str] = []
    ask = mock.AsyncMock(side_effect=[None, OSError])
    await program.check(["up", "down"], ask, down)
    assert down == ["down"]


@given(sites=st.lists(st.sampled_from(["up", "down"])))
async def test_property(program: ModuleType, sites: list[str]) -> None:
    down: list[str] = []
    ask = mock.AsyncMock(side_effect=[OSError if site == "down" else None for site in sites])
    await program.check(sites, ask, down)
    assert all(site == "down" for site in down)


@pytest.mark.virtual_time
async def test_cancelled_anywhere(program: ModuleType) -> None:
    async def ask(site: str) -> None:
        await anyio.sleep(0.05)

    for schedule in every_schedule(0, cancel=True):
        down: list[str] = []
        with schedule:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(program.check, ["up", "up"], ask, down)
        assert down == []
