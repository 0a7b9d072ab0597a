"""A server on loopback that misbehaves as it is asked to, on asyncio and on trio."""

import socket
import ssl
import struct
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

import anyio
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.buffered import BufferedByteReceiveStream
from anyio.streams.tls import TLSListener


def reply(status: int = 200, body: bytes = b"hello", **headers: str) -> bytes:
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items()]
    head = f"HTTP/1.1 {status} Whatever\r\nContent-Length: {len(body)}\r\n{''.join(lines)}\r\n"
    return head.encode() + body


def chunks(*chunks: bytes, status: int = 200, location: str = "/") -> bytes:
    head = f"HTTP/1.1 {status} X\r\nLocation: {location}\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head.encode() + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)


ENDLESS = b"1000\r\n" + b"x" * 4096 + b"\r\n"


Then: TypeAlias = Literal["goes on", "closes", "resets", "stalls", "repeats"]


class Behaviour(NamedTuple):
    """What a server does, and what a call of it comes to."""

    sends: bytes
    status: int | None
    n_bytes: int
    error: str | None = None  # how it begins
    then: Then = "goes on"
    repeats: bytes = ENDLESS


BEHAVIOURS: dict[str, Behaviour] = {
    "/ok": Behaviour(reply(), 200, 5),
    "/long": Behaviour(reply(body=b"x" * 100_000), 200, 100_000),
    "/chunks": Behaviour(chunks(b"abc", b"def", b""), 200, 6),
    "/204": Behaviour(b"HTTP/1.1 204 No Content\r\n\r\n", 204, 0),
    "/404": Behaviour(reply(404), 404, 5, "404 Not Found"),
    "/429": Behaviour(reply(429), 429, 5, "429 Too Many Requests"),
    "/500": Behaviour(reply(500), 500, 5, "500 Internal Server Error"),
    "/599": Behaviour(reply(599), 599, 5, "599"),
    "/redirect": Behaviour(reply(302, b"", Location="/ok"), 200, 5),
    "/circle": Behaviour(
        reply(302, b"", Location="/circle"), 302, 0, "redirected more than 20 times"
    ),
    "/redirect/ftp": Behaviour(reply(302, b"", Location="ftp://x/"), 302, 0, "invalid URL: "),
    "/redirect/port": Behaviour(
        reply(302, b"", Location="http://127.0.0.1:-1/"), 302, 0, "invalid URL: there is no port -1"
    ),
    "/redirect/invalid": Behaviour(reply(302, b"", Location="http://[::"), 302, 0, "302 Found"),
    "/redirect/endless": Behaviour(chunks(status=302, location="/ok"), 200, 5, None, "repeats"),
    "/endless": Behaviour(
        chunks(), 200, 1_003_520, "the body is longer than 1000000 bytes", "repeats"
    ),
    "/truncated": Behaviour(
        reply(body=b"hello")[:-2], 200, 3, "malformed or truncated reply: ", "closes"
    ),
    "/truncated/chunks": Behaviour(
        chunks(b"abc"), 200, 3, "malformed or truncated reply: ", "closes"
    ),
    "/header/password": Behaviour(
        b"HTTP/1.1 302 Found\r\nLocation: http://me:se/cr@et@host/\r\n X: \x00\r\n\r\n",
        None,
        0,
        "malformed or truncated reply: illegal header line: bytearray(b'Location: "
        "http://me:[secure]@host/ ",
        "closes",
    ),
    "/garbage": Behaviour(
        b"\x1b[31mnonsense\x00\r\n\r\n", None, 0, "malformed or truncated reply: ", "closes"
    ),
    "/header/endless": Behaviour(
        b"HTTP/1.1 200 OK\r\nX: ", None, 0, "malformed or truncated reply: ", "repeats", b"x" * 4096
    ),
    "/closed": Behaviour(b"", None, 0, "malformed or truncated reply: ", "closes"),
    "/reset": Behaviour(b"", None, 0, "the connection broke", "resets"),
    "/silent": Behaviour(b"", None, 0, "no whole reply within 10 s", "stalls"),
    "/stalled": Behaviour(reply()[:-2], 200, 3, "no whole reply within 10 s", "stalls"),
}


@dataclass
class Server:
    """What it was asked for, and how much of that at a time."""

    url: str
    behaviours: Mapping[str, Behaviour] = field(default_factory=lambda: BEHAVIOURS)
    """What it does, by path; what it does for `/ok`, if the path is not among them."""
    asked: Counter[str] = field(default_factory=Counter[str])
    heads: list[str] = field(default_factory=list[str])
    n_connections: int = 0
    n_open: int = 0
    in_flight: int = 0
    most: int = 0


class Closed(Exception):  # noqa: N818 no error
    """The connection is to be closed."""


@asynccontextmanager
async def misbehaving(tls: ssl.SSLContext | None = None) -> AsyncGenerator[Server]:
    """Serve while the block runs; with `tls`, over HTTPS."""
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(SocketAttribute.local_port)
    server = Server(f"http{'s' if tls else ''}://127.0.0.1:{port}")
    serving = TLSListener(listener, tls, standard_compatible=False) if tls else listener

    async def connected(stream: ByteStream) -> None:
        server.n_connections += 1
        server.n_open += 1
        requests = BufferedByteReceiveStream(stream)
        async with stream:
            try:
                while True:
                    head = (await requests.receive_until(b"\r\n\r\n", 65_536)).decode()
                    server.heads.append(head)
                    path = head.split()[1]
                    server.asked[path] += 1
                    server.in_flight += 1
                    server.most = max(server.most, server.in_flight)
                    try:
                        await answer(server, path, stream)
                    finally:
                        server.in_flight -= 1
            except (Closed, anyio.BrokenResourceError, anyio.EndOfStream, anyio.IncompleteRead):
                pass
            finally:
                server.n_open -= 1

    async with serving, anyio.create_task_group() as connections:
        connections.start_soon(serving.serve, connected)
        yield server
        connections.cancel_scope.cancel()


async def answer(server: Server, path: str, stream: ByteStream) -> None:
    match path.partition("?")[0].split("/"):
        case ["", "delay", seconds]:
            await anyio.sleep(float(seconds))
            await stream.send(reply())
        case ["", "flaky", times]:  # fails so many times
            await stream.send(reply(503 if server.asked[path] <= int(times) else 200))
        case ["", "cookie"]:
            told = any("\r\ncookie:" in head.lower() for head in server.heads)
            await stream.send(reply(400 if told else 200, Set_Cookie="a=b"))
        case _:
            behaviour = server.behaviours.get(path.partition("?")[0], BEHAVIOURS["/ok"])
            await behave(behaviour, stream)


async def behave(behaviour: Behaviour, stream: ByteStream) -> None:
    if behaviour.sends:
        await stream.send(behaviour.sends)
    match behaviour.then:
        case "goes on":
            return
        case "stalls":
            await anyio.sleep_forever()
        case "repeats":
            while True:
                await stream.send(behaviour.repeats)
        case "resets":  # closing a socket that must not linger throws away what is on its way
            linger = struct.pack("ii", 1, 0)
            raw = stream.extra(SocketAttribute.raw_socket)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        case "closes":
            pass
    raise Closed
