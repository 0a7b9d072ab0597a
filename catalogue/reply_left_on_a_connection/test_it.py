from types import ModuleType
from unittest import mock

import anyio
import pytest

from awaits.testing import every_schedule

pytestmark = pytest.mark.anyio


class Server:
    def __init__(self) -> None:
        self.replies: list[str] = []

    async def send(self, text: str) -> None:
        self.replies.append(f"value of {text}")
        await anyio.sleep(0.02)  # the network

    async def receive(self) -> str:
        await anyio.sleep(0.02)
        return self.replies.pop(0)

    def close(self) -> None:
        self.replies.clear()


async def gets_its_own(program: ModuleType) -> None:
    client = program.Client([Server(), Server()])
    got: dict[str, str] = {}

    async def get(key: str) -> None:
        got[key] = await client.get(key)

    with anyio.move_on_after(0.03):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(get, "a")
            tasks.start_soon(get, "b")
    for key in ["c", "d"][: len(client.connections)]:
        await get(key)
    assert all(value == f"value of {key}" for key, value in got.items())


async def test_waiting(program: ModuleType) -> None:
    await gets_its_own(program)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await gets_its_own(program)


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await gets_its_own(program)


@pytest.mark.virtual_time
async def test_cancelled_anywhere(program: ModuleType) -> None:
    for schedule in every_schedule(0, cancel=True):
        with schedule:
            await gets_its_own(program)


async def test_patched(program: ModuleType) -> None:
    connection = mock.Mock(send=mock.AsyncMock(), receive=mock.AsyncMock(return_value="1"))
    client = program.Client([connection])
    assert await client.get("a") == "1"
    assert client.connections == [connection]
