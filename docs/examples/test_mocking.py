"""A server sends half of what it promised: three tests of what `fetch` makes of it."""

from unittest import mock

import anyio
import httpx2
import pytest
from anyio.abc import SocketAttribute, SocketStream

from awaits.fetch.calls import Call
from awaits.fetch.many import fetch
from awaits.fetch.one import Failure

pytestmark = pytest.mark.anyio
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"


async def test_with_a_real_server() -> None:
    async def serve(stream: SocketStream) -> None:
        async with stream:
            await stream.receive()
            await stream.send(HALF)

    calls: list[Call] = []
    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as serving,
    ):
        serving.start_soon(listener.serve, serve)
        port = listener.extra(SocketAttribute.local_port)
        await fetch([f"http://127.0.0.1:{port}"], report=calls.append)
        serving.cancel_scope.cancel()

    assert calls[0].n_bytes == 5
    assert str(calls[0].error).startswith("malformed or truncated reply: ")


async def test_with_a_transport() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.RemoteProtocolError("so we believe", request=request)

    calls: list[Call] = []
    await fetch(["http://x"], transport=httpx2.MockTransport(answer), report=calls.append)

    assert calls[0].error == "malformed or truncated reply: so we believe"


async def test_with_a_patch() -> None:
    calls: list[Call] = []
    with mock.patch("awaits.fetch.many.get", side_effect=Failure("so we say")) as get:
        await fetch(["http://x"], report=calls.append)

    get.assert_awaited_once()
    assert calls[0].error == "so we say"
