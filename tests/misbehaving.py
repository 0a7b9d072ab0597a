"""A server on loopback that misbehaves as it is asked to, on asyncio and on trio."""

import re
import ssl
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.buffered import BufferedByteReceiveStream
from anyio.streams.tls import TLSListener

# Each path, and what a call of it comes to: its status, its bytes, and how its error begins.
BEHAVIOURS: dict[str, tuple[int | None, int, str | None]] = {
    "/ok": (200, 5, None),
    "/bytes/100000": (200, 100_000, None),
    "/chunks": (200, 6, None),
    "/status/204": (204, 0, None),
    "/redirect": (200, 5, None),
    "/status/404": (404, 5, "404 Not Found"),
    "/status/500": (500, 5, "500 Internal Server Error"),
    "/status/599": (599, 5, "599"),
    "/circle": (302, 0, "redirected more than 20 times"),
    "/redirect/ftp": (302, 0, "invalid URL: Request URL has an unsupported protocol 'ftp://'."),
    "/redirect/invalid": (302, 0, "302 Found"),
    "/redirect/endless": (200, 5, None),
    "/endless": (200, 1_003_520, "the body is longer than 1000000 bytes"),
    "/truncated": (200, 5, "malformed or truncated reply: "),
    "/truncated/chunks": (200, 3, "malformed or truncated reply: "),
    "/garbage": (None, 0, "malformed or truncated reply: "),
    "/header/endless": (None, 0, "malformed or truncated reply: "),
    "/closed": (None, 0, "malformed or truncated reply: "),
    "/reset": (None, 0, "the connection broke"),
    "/silent": (None, 0, "no whole reply within 10 s"),
    "/stalled": (200, 3, "no whole reply within 10 s"),
}


@dataclass
class Server:
    """What it was asked for, and how much of that at a time."""

    url: str
    asked: Counter[str] = field(default_factory=Counter[str])
    heads: list[str] = field(default_factory=list[str])
    n_connections: int = 0
    in_flight: int = 0
    most: int = 0


class Gone(Exception):
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
            except (Gone, anyio.BrokenResourceError, anyio.EndOfStream, anyio.IncompleteRead):
                pass

    async with serving, anyio.create_task_group() as connections:
        connections.start_soon(serving.serve, connected)
        yield server
        connections.cancel_scope.cancel()


def reply(status: int = 200, body: bytes = b"hello", **headers: str) -> bytes:
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items()]
    head = f"HTTP/1.1 {status} Whatever\r\nContent-Length: {len(body)}\r\n{''.join(lines)}\r\n"
    return head.encode() + body


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNK = b"%x\r\n%s\r\n" % (4096, b"x" * 4096)


async def answer(server: Server, path: str, stream: ByteStream) -> None:
    match path.strip("/").split("/"):
        case ["bytes", n]:
            await stream.send(reply(body=b"x" * int(n)))
        case ["chunks"]:
            await stream.send(CHUNKED + b"3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n")
        case ["status", "204"]:
            await stream.send(b"HTTP/1.1 204 No Content\r\n\r\n")
        case ["status", status]:
            await stream.send(reply(int(status)))
        case ["redirect"]:
            await stream.send(reply(302, b"", Location="/ok"))
        case ["circle"]:
            await stream.send(reply(302, b"", Location="/circle"))
        case ["redirect", "ftp"]:
            await stream.send(reply(302, b"", Location="ftp://127.0.0.1/"))
        case ["redirect", "invalid"]:
            await stream.send(reply(302, b"", Location="http://[::"))
        case ["redirect", "endless"]:
            await stream.send(CHUNKED.replace(b"200 OK", b"302 Found\r\nLocation: /ok"))
            while True:
                await stream.send(CHUNK)
        case ["endless"]:
            await stream.send(CHUNKED)
            while True:
                await stream.send(CHUNK)
        case ["truncated"]:
            await stream.send(reply(body=b"helloworld").removesuffix(b"world"))
            raise Gone
        case ["truncated", "chunks"]:
            await stream.send(CHUNKED + b"3\r\nabc\r\n")
            raise Gone
        case ["garbage"]:
            await stream.send(b"\x1b[31mnonsense\x00\r\n\r\n")
            raise Gone
        case ["header", "endless"]:
            await stream.send(b"HTTP/1.1 200 OK\r\nX: ")
            while True:
                await stream.send(b"x" * 4096)
        case ["closed"]:
            raise Gone
        case ["reset"]:
            socket = stream.extra(SocketAttribute.raw_socket)
            linger = (
                b"\x01\x00\x00\x00\x00\x00\x00\x00"  # for 0 seconds: what is sent is thrown away
            )
            socket.setsockopt(1, 13, linger)  # SOL_SOCKET, SO_LINGER
            raise Gone
        case ["silent"]:
            await anyio.sleep_forever()
        case ["stalled"]:
            await stream.send(reply(body=b"hello").removesuffix(b"lo"))
            await anyio.sleep_forever()
        case ["delay", seconds]:
            await anyio.sleep(float(seconds))
            await stream.send(reply())
        case ["flaky", times]:  # 503, so many times
            await stream.send(reply(503 if server.asked[path] <= int(times) else 200))
        case ["cookie"]:
            told = any(re.search("(?i)^cookie:", head, re.MULTILINE) for head in server.heads)
            await stream.send(reply(400 if told else 200, Set_Cookie="a=b"))
        case _:
            await stream.send(reply())
