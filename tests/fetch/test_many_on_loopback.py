"""Real calls: a real client, a real server on loopback that misbehaves, and real sockets."""

import socket
import ssl
from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import pytest
import trustme
from anyio.abc import SocketAttribute, SocketStream

from awaits.fetch.calls import Call, Calling, Summary, Unusable
from awaits.fetch.many import fetch
from tests.misbehaving import BEHAVIOURS, Server, misbehaving

pytestmark = pytest.mark.anyio


@pytest.fixture
async def server() -> AsyncGenerator[Server]:
    async with misbehaving() as it:
        yield it


async def calls_of(*urls: str, limit: int = 1, max_bytes: int = 1_000_000) -> list[Call]:
    calls: list[Call] = []
    await fetch(urls, limit=limit, max_bytes=max_bytes, report=calls.append)
    return calls


@pytest.mark.virtual_time  # so that a timeout is over at once
@pytest.mark.parametrize("path", BEHAVIOURS)
async def test_whatever_a_server_does_is_its_calls_line_and_the_others_go_on(
    server: Server, path: str
) -> None:
    before, call, after = await calls_of(
        f"{server.url}/ok", f"{server.url}{path}", f"{server.url}/ok"
    )

    expected = BEHAVIOURS[path]
    assert call[:3] == (2, f"{server.url}{path}", expected.status)
    # Of an endless body, more may come at once than was asked for.
    assert expected.n_bytes <= call.n_bytes <= expected.n_bytes + (path == "/endless") * 65_536
    assert (call.error or "").startswith(expected.error or "")
    assert (call.error is None) == (expected.error is None)
    assert str(call).replace("\t", " ").isprintable()
    for each in before, after:
        assert each[2:4] == (200, 5)
        assert each.error is None


@pytest.mark.virtual_time
async def test_a_timeout_is_over_at_its_second(server: Server) -> None:
    calls = await calls_of(f"{server.url}/silent", f"{server.url}/stalled", limit=2)

    assert [call.seconds for call in calls] == [10.0, 10.0]
    assert anyio.current_time() == 10.0


async def test_a_refused_connection_is_that_calls_failure() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

        (call,) = await calls_of(f"http://127.0.0.1:{port}/")

    assert call[2:4] == (None, 0)
    assert call.error == "connection refused"


@pytest.mark.parametrize(
    "url",
    [
        "", "foo", "/x", "//x", "http://", "http:///x", "http://127.0.0.1:99999/", "http://x:y/",
        "http://127.0.0.1:-1/", "ftp://x/", "http://\udcff/", "http://x/\udcff", "http://x/a\nb",
        "http://[::1", "mailto:x", "http://" + "a" * 70_000, "http://\x00/",
        "http://127.0.0.1:1/\x00", "http://a\u2028b/",
    ],
)  # fmt: skip
async def test_an_invalid_url_is_that_calls_failure(url: str) -> None:
    (call,) = await calls_of(url)

    assert call.status is None
    assert call.error is not None
    assert call.error.startswith("invalid URL: ")
    assert str(call).replace("\t", "").isprintable()


async def test_an_invalid_url_keeps_its_password() -> None:
    (call,) = await calls_of("http://me:hunter/two@x/")

    assert "hunter" not in str(call)
    assert "two" not in str(call)
    assert str(call.error).startswith("invalid URL: ")


@pytest.mark.parametrize("host", ["a..b", "a" * 64, "no such host", "no-such-host.invalid"])
async def test_a_host_that_cannot_be_is_that_calls_failure(host: str) -> None:
    (call,) = await calls_of(f"http://{host}/")

    assert call.status is None
    assert call.error is not None
    assert call.error.startswith(("invalid URL: ", "no connection: "))


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def secure_server(authority: trustme.CA) -> AsyncGenerator[Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    async with misbehaving(context) as it:
        yield it


async def test_a_bad_certificate_is_that_calls_failure_and_is_not_tried_again(
    secure_server: Server,
) -> None:
    began: list[Calling] = []
    calls: list[Call] = []
    await fetch([secure_server.url], retries=3, report=calls.append, watch=began.append)

    assert calls[0].status is None
    assert calls[0].error is not None
    assert calls[0].error.startswith("bad certificate: ")
    assert len(began) == 1
    assert secure_server.heads == []


async def test_a_certificate_is_good_if_the_environment_trusts_it(
    secure_server: Server, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))

    (call,) = await calls_of(f"{secure_server.url}/ok")

    assert call[2:4] == (200, 5)
    assert call.error is None


async def test_a_server_that_speaks_no_tls_is_that_calls_failure() -> None:
    async def refuse(stream: SocketStream) -> None:
        async with stream:
            await stream.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as serving,
    ):
        serving.start_soon(listener.serve, refuse)
        port = listener.extra(SocketAttribute.local_port)
        (call,) = await calls_of(f"https://127.0.0.1:{port}")
        assert call.error == "no secure connection: wrong version number"
        serving.cancel_scope.cancel()


@pytest.mark.virtual_time
@pytest.mark.parametrize("limit", [4, 120])
async def test_at_most_as_many_calls_as_the_limit_are_made_at_a_time(
    server: Server, limit: int
) -> None:
    urls = [f"{server.url}/delay/1"] * 5 * limit
    summary = await fetch(urls, limit=limit, report=lambda _: None)

    assert summary == Summary(n_done=5 * limit, n_failed=0, n_there=0, seconds=5.0)
    assert server.most == limit
    # They are used again, but for those that a busy machine leaves idle for 5 real seconds.
    assert limit <= server.n_connections < 5 * limit


async def test_a_call_that_fails_for_now_is_tried_again(server: Server) -> None:
    calls: list[Call] = []
    began: list[Calling] = []
    url = f"{server.url}/flaky/2"
    await fetch([url], retries=2, report=calls.append, watch=began.append)

    assert calls[0][2:4] == (200, 5)
    assert calls[0].error is None
    assert began == [Calling(1, url, 10.0)] * 3


async def test_calls_share_no_cookies(server: Server) -> None:
    calls = await calls_of(*[f"{server.url}/cookie"] * 3)

    assert [call.status for call in calls] == [200, 200, 200]


@pytest.mark.parametrize("bare", [False, True], ids=["with its scheme", "without"])
async def test_calls_go_through_the_proxy_of_the_environment(
    server: Server, bare: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url.removeprefix("http://") if bare else server.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    calls = await calls_of("http://elsewhere.invalid/ok", f"{server.url}/ok")

    assert [call.error for call in calls] == [None, None]
    assert server.asked == {"http://elsewhere.invalid/ok": 1, "/ok": 1}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTP_PROXY", "gopher://127.0.0.1"),
        ("ALL_PROXY", "socks5://127.0.0.1"),
        ("HTTP_PROXY", "http://127.0.0.1:x"),
        ("HTTP_PROXY", "http://127.0.0.1:-1"),
        ("ALL_PROXY", "http://127.0.0.1:65536"),
        ("HTTP_PROXY", "127.0.0.1:65536"),
        ("HTTPS_PROXY", "localhost:99999"),
        ("SSL_CERT_FILE", "/no/such/file"),
    ],
)
async def test_an_environment_that_makes_no_sense_is_told_in_a_sentence(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(Unusable, match=r"^Check HTTP_PROXY, HTTPS_PROXY, .* SSL_CERT_FILE: "):
        await calls_of("http://127.0.0.1:1/")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NO_PROXY", "[::1]:99999, 127.0.0.1:99999"),
        ("FTP_PROXY", "ftp://x:99999"),
        ("HTTP_PROXY", ""),
    ],
)
async def test_what_names_no_proxy_of_a_call_is_not_read_as_one(
    server: Server, name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    (call,) = await calls_of(f"{server.url}/ok")

    assert call.error is None


async def test_a_redirect_is_not_read_into_memory(server: Server) -> None:
    (call,) = await calls_of(f"{server.url}/redirect/endless")

    assert call[2:4] == (200, 5)
    assert server.asked == {"/redirect/endless": 1, "/ok": 1}
