import asyncio
from types import ModuleType
from unittest import mock

import pytest

from awaits.testing import every_schedule

pytestmark = pytest.mark.anyio


class Connection:
    def __init__(self) -> None:
        self.is_closed = False

    async def flush(self) -> None:
        await asyncio.sleep(0.05)  # the network

    def close(self) -> None:
        self.is_closed = True


async def closes(program: ModuleType) -> None:
    connection = Connection()
    server = asyncio.create_task(program.serve(connection))
    await asyncio.sleep(0.02)
    server.cancel()
    await asyncio.wait([server])
    assert connection.is_closed


async def test_waiting(program: ModuleType) -> None:
    await closes(program)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await closes(program)


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await closes(program)


async def test_patched(program: ModuleType) -> None:
    connection = mock.Mock(flush=mock.AsyncMock())
    server = asyncio.create_task(program.serve(connection))
    await asyncio.sleep(0)
    server.cancel()
    await asyncio.wait([server])
    connection.close.assert_called_once()


@pytest.mark.virtual_time
async def test_cancelled_anywhere(program: ModuleType) -> None:
    for schedule in every_schedule(0, cancel=True):
        with schedule:
            connection = Connection()
            server = asyncio.create_task(program.serve(connection))
            await asyncio.sleep(0.02)
            server.cancel()
            await asyncio.wait([server])
            assert connection.is_closed
