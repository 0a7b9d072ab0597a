from types import ModuleType
from unittest import mock

import anyio
import pytest

pytestmark = pytest.mark.anyio


async def delivers(program: ModuleType) -> None:
    sent: list[str] = []

    async def send() -> None:
        await anyio.sleep(0.02)  # the network
        sent.append("letter")

    await program.deliver(send)
    assert sent == ["letter"]


async def test_waiting(program: ModuleType) -> None:
    await delivers(program)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await delivers(program)


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await delivers(program)


async def test_patched(program: ModuleType) -> None:
    send = mock.AsyncMock()
    with mock.patch("asyncio.sleep"), mock.patch("anyio.sleep"):
        await program.deliver(send)
    send.assert_awaited_once_with()
