from types import ModuleType
from unittest import mock

import anyio
import pytest

pytestmark = pytest.mark.anyio


class Client:
    async def send(self, text: str) -> None:
        await anyio.sleep(0.02)  # the network


async def leaves_while_the_room_talks(program: ModuleType) -> None:
    room, clients = program.Room(), [Client() for _ in range(3)]
    room.clients.update(clients)

    async def leave() -> None:
        await anyio.sleep(0.1)
        room.clients.remove(clients[0])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(room.say, "hello")
        tasks.start_soon(leave)


async def test_waiting(program: ModuleType) -> None:
    await leaves_while_the_room_talks(program)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await leaves_while_the_room_talks(program)


@pytest.mark.virtual_time
@pytest.mark.explore(jitter=0.2)
async def test_explored_order(program: ModuleType) -> None:
    await leaves_while_the_room_talks(program)


async def test_patched(program: ModuleType) -> None:
    room, clients = program.Room(), [mock.AsyncMock() for _ in range(3)]
    room.clients.update(clients)
    await room.say("hello")
    for client in clients:
        client.send.assert_awaited_once_with("hello")
