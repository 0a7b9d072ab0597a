"""Explored orders of programs with sockets on asyncio: what is told of a socket keeps its order."""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Literal

import anyio
import pytest

from awaits.testing import Schedule, every_schedule, virtual_time


async def reads_when_told() -> None:
    """Wait for a socket as anyio does for a UNIX listener."""
    loop = asyncio.get_running_loop()
    mine, other = socket.socketpair()
    with mine, other:
        mine.setblocking(False)
        told = loop.create_future()
        loop.add_reader(mine, told.set_result, None)
        try:
            other.send(b"x")
            await told
        finally:
            loop.remove_reader(mine)
        assert mine.recv(1) == b"x"


async def reads_with_a_timeout() -> None:
    """Wait for a socket in a task of its own."""
    await asyncio.wait_for(reads_when_told(), 5)


async def answers_before_the_end_comes() -> None:
    """Look whether a stream has ended, when the data has come that were sent before the end."""
    ended: list[bool] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        ended.append(reader.at_eof())
        writer.close()

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"x")
        await anyio.wait_all_tasks_blocked()
        writer.write_eof()
        await reader.read()
        writer.close()
        await writer.wait_closed()
    assert ended == [False]


def _errors(loop: asyncio.AbstractEventLoop) -> list[object]:
    errors: list[object] = []
    loop.set_exception_handler(lambda _, context: errors.append(context))
    return errors


@pytest.mark.parametrize("is_virtual", [True, False])
@pytest.mark.parametrize(
    "program", [reads_when_told, reads_with_a_timeout, answers_before_the_end_comes]
)
def test_a_socket_is_not_told_again_before_somebody_has_heard_it(
    program: Callable[[], Coroutine[None, None, None]], *, is_virtual: bool
) -> None:
    async def main() -> None:
        errors = _errors(asyncio.get_running_loop())
        n = 0
        for schedule in every_schedule(deviations=1):
            with schedule:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(program)
                    tasks.start_soon(program)
            n += 1
        assert n > 5
        assert errors == []

    anyio.run(main, backend_options=virtual_time("asyncio") if is_virtual else {})


def test_a_listener_of_unix_sockets_takes_each_connection_once(tmp_path: Path) -> None:
    async def serve_and_ask(path: Path) -> None:
        async def handle(stream: anyio.abc.SocketStream) -> None:
            async with stream:
                await stream.send(b"x")

        async with (
            await anyio.create_unix_listener(path) as listener,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(listener.serve, handle)
            async with await anyio.connect_unix(path) as stream:
                assert await stream.receive() == b"x"
            tasks.cancel_scope.cancel()

    async def main() -> None:
        errors = _errors(asyncio.get_running_loop())
        for n, schedule in enumerate(every_schedule(deviations=1)):
            with schedule:
                await serve_and_ask(tmp_path / str(n))
        assert errors == []

    anyio.run(main, backend_options=virtual_time("asyncio"))


@pytest.mark.parametrize(("schedule", "order"), [({}, "ab"), ({(1, 2): "idle"}, "ba")])
def test_a_step_may_still_be_late_past_what_comes_at_other_sockets(
    schedule: dict[tuple[int, int], Literal["idle"]], order: str
) -> None:
    async def main() -> str:
        ran: list[str] = []
        loop = asyncio.get_running_loop()

        async def read(mine: socket.socket) -> None:
            mine.setblocking(False)
            ran.append((await loop.sock_recv(mine, 1)).decode())

        async def send(to_a: socket.socket, to_b: socket.socket) -> None:
            await asyncio.sleep(0)
            to_a.send(b"a")
            for _ in range(10):
                await asyncio.sleep(0)
            to_b.send(b"b")

        (a, to_a), (b, to_b) = socket.socketpair(), socket.socketpair()
        with a, to_a, b, to_b, Schedule(schedule):
            await asyncio.gather(read(a), read(b), send(to_a, to_b))
        return "".join(ran)

    assert anyio.run(main, backend_options=virtual_time("asyncio")) == order
