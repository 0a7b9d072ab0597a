"""Servers in threads, which a test calls by sockets: on Linux, time waits for their answers."""

import socket
import socketserver
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from functools import partial
from unittest import mock

import anyio
import anyio.abc
import anyio.from_thread
import anyio.lowlevel
import anyio.to_thread
import pytest

from awaits.testing import virtual_time
from awaits.testing.loops import alone, sleeps, stacks
from awaits.testing.loops.threads import Threads
from tests.testing.loops.shared import on_both, on_trio, work

pytestmark = pytest.mark.skipif(not sleeps.SLEEPS_ARE_TOLD, reason="Only Linux tells.")


@pytest.fixture(autouse=True)
def patient() -> Iterator[None]:
    """On a busy machine, a moment of work may take seconds."""
    with (
        mock.patch.object(alone, "SECONDS_ALONE", 1_000),
        mock.patch.object(alone, "SECONDS_OF_SERVERS", 1_000),
    ):
        yield


async def answer(stream: anyio.abc.SocketStream) -> None:
    """Answer each request after a moment of work, the second half of it in a worker thread."""
    async with stream:
        async for request in stream:
            work()
            await anyio.to_thread.run_sync(work)
            await stream.send(request)


@asynccontextmanager
async def serving() -> AsyncGenerator[int]:
    """Give the port of a server."""
    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(listener.serve, answer)
        yield listener.extra(anyio.abc.SocketAttribute.local_port)
        tasks.cancel_scope.cancel()


@contextmanager
def server_on(backend: str, *, use_uvloop: bool = False) -> Generator[int]:
    options = {"use_uvloop": use_uvloop} if backend == "asyncio" else {}
    with (
        anyio.from_thread.start_blocking_portal(backend, options) as portal,
        portal.wrap_async_context_manager(serving()) as port,
    ):
        yield port


class Answer(socketserver.BaseRequestHandler):
    """Answers each request after a moment of work."""

    def handle(self) -> None:
        while request := self.request.recv(100):
            work()
            self.request.sendall(request)


@contextmanager
def server_with_a_thread_for_each_call() -> Generator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answer) as server:
        serves = threading.Thread(target=server.serve_forever)
        serves.start()
        yield server.server_address[1]
        server.shutdown()
        serves.join()


@on_both
@pytest.mark.parametrize(
    "server",
    [
        partial(server_on, "asyncio"),
        partial(server_on, "trio"),
        partial(server_on, "asyncio", use_uvloop=True),
        server_with_a_thread_for_each_call,
    ],
)
def test_time_stands_still_until_a_server_has_answered_that_is_older_than_the_test(
    backend: str, server: Callable[[], AbstractContextManager[int]]
) -> None:
    async def main() -> None:
        with anyio.fail_after(5):
            async with await anyio.connect_tcp("127.0.0.1", port) as stream:
                for _ in range(5):
                    await stream.send(b"?")
                    assert await stream.receive() == b"?"
        assert anyio.current_time() == 0.0

    with server() as port:
        for _ in range(2):
            anyio.run(main, backend=backend, backend_options=virtual_time(backend))


@on_both
def test_time_moves_on_beside_a_server_that_has_nothing_to_do(backend: str) -> None:
    async def main() -> None:
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            for _ in range(100):
                with anyio.move_on_after(3600):
                    await stream.receive()
        assert anyio.current_time() == 360_000.0

    with server_on("asyncio") as port:
        anyio.run(main, backend=backend, backend_options=virtual_time(backend))


@on_both
def test_it_is_known_whether_a_task_waits_for_a_socket(backend: str) -> None:
    asked: list[bool] = []
    hold = Threads.hold

    def held(self: Threads, watches_sockets: Callable[[], bool]) -> float | None:
        asked.append(watches_sockets())
        return hold(self, watches_sockets)

    async def main() -> None:
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            await anyio.sleep(1)
            n_before = len(asked)
            with anyio.move_on_after(1):
                await stream.receive()
            n_then = len(asked)
            await anyio.sleep(1)
        assert not any(asked[:n_before] + asked[n_then:])
        assert all(asked[n_before:n_then])
        assert n_then > n_before

    with server_on("asyncio") as port, mock.patch.object(Threads, "hold", held):
        anyio.run(main, backend=backend, backend_options=virtual_time(backend))


@on_trio
@pytest.mark.anyio
@pytest.mark.virtual_time
async def test_the_thread_of_trio_s_guest_mode_holds_no_time(anyio_backend_name: str) -> None:
    held: list[float | None] = []
    hold = Threads.hold

    def noted(self: Threads, watches_sockets: Callable[[], bool]) -> float | None:
        held.append(hold(self, watches_sockets))
        return held[-1]

    one, other = socket.socketpair()
    is_over = threading.Event()
    thread = threading.Thread(target=is_over.wait)  # so that there is something to look at
    thread.start()
    with one, other, mock.patch.object(Threads, "hold", noted):
        one.setblocking(False)
        with anyio.move_on_after(3600):
            await anyio.wait_readable(one)
    is_over.set()
    thread.join()
    assert anyio_backend_name == "trio"
    assert held[-1] == 0.0  # not `None`: none was given up


@on_both
def test_time_stands_still_while_a_thread_works_that_began_as_an_older_one_ended(
    backend: str,
) -> None:
    may_end = threading.Event()
    older = threading.Thread(target=may_end.wait)

    async def main() -> None:
        may_end.set()
        older.join()
        has_worked = threading.Event()

        def works() -> None:
            work()
            has_worked.set()

        thread = threading.Thread(target=works)
        thread.start()
        await anyio.sleep(5)
        assert has_worked.is_set()
        thread.join()

    older.start()
    anyio.run(main, backend=backend, backend_options=virtual_time(backend))


@pytest.mark.real_time
def test_one_that_starts_another_one_works_until_that_has_begun() -> None:
    may_begin = threading.Event()

    class Late(threading.Thread):
        def _bootstrap_inner(self) -> None:
            may_begin.wait()
            super()._bootstrap_inner()  # type: ignore[misc]  # not in typeshed

    starts = threading.Thread(target=Late().start)
    starts.start()
    while (frame := stacks.frames()[starts.ident or 0]).f_code.co_name != "wait":
        time.sleep(0.001)
    seen = stacks.doing(frame)
    may_begin.set()
    starts.join()
    assert seen == "works"


@on_both
def test_a_thread_that_no_task_waits_for_is_woken_by_a_socket(backend: str) -> None:
    async def main() -> None:
        ours, its = socket.socketpair()
        with ours, its:
            thread = threading.Thread(target=lambda: came.append(its.recv(1)))
            thread.start()
            ours.send(b"x")
            await anyio.sleep(60)
            assert came == [b"x"]
            thread.join()

    came: list[bytes] = []
    anyio.run(main, backend=backend, backend_options=virtual_time(backend))


@pytest.mark.parametrize(
    ("backend", "portals"),  # in real time, too, a portal of trio's hangs beside trio
    [("asyncio", "asyncio"), ("asyncio", "trio"), ("trio", "asyncio")],
)
def test_time_stands_still_until_a_portal_has_run_what_it_was_given(
    backend: str, portals: str
) -> None:
    async def answers() -> None:
        for _ in range(5):
            await anyio.lowlevel.checkpoint()
        work()
        came.append(portals)

    async def main() -> None:
        with anyio.from_thread.start_blocking_portal(portals) as portal:
            portal.call(anyio.lowlevel.checkpoint)
            portal.start_task_soon(answers)
            await anyio.sleep(1)
            assert came == [portals]

    came: list[str] = []
    anyio.run(main, backend=backend, backend_options=virtual_time(backend))
