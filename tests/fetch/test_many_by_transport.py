"""Real calls at the client's boundary: a transport instead of the network, in virtual time.

No socket is opened, so time is exact, and Hypothesis can draw what happens. What the network really
does, and what httpx2 makes of it, is only claimed here: `test_fetch.py` asks them.
"""

import heapq
import random
from collections.abc import AsyncIterator, Sequence
from typing import Literal, NamedTuple

import anyio
import anyio.lowlevel
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from awaits.fetch.calls import Call, Calling, Summary
from awaits.fetch.many import fetch
from tests.misbehaving import BEHAVIOURS

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


class Body(httpx2.AsyncByteStream):
    """A body in chunks; then it ends, or fails, or never ends."""

    def __init__(
        self, *chunks: bytes, then: Exception | Literal["stalls", "repeats"] | None
    ) -> None:
        self._chunks = chunks
        self._then = then

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            await anyio.lowlevel.checkpoint()
            yield chunk
        while self._then == "repeats":
            await anyio.lowlevel.checkpoint()
            yield b"x" * 4096
        if self._then == "stalls":
            await anyio.sleep_forever()
        if isinstance(self._then, Exception):
            raise self._then


class Answer(NamedTuple):
    """What the client sees, where `misbehaving.py` says what the server does."""

    status: int
    chunks: Sequence[bytes] = ()
    location: str | None = None
    then: Exception | Literal["stalls", "repeats"] | None = None


CUT_OFF = httpx2.RemoteProtocolError("peer closed connection")

ANSWERS: dict[str, Answer | Exception] = {
    "/ok": Answer(200, [b"hello"]),
    "/long": Answer(200, [b"x" * 50_000, b"x" * 50_000]),
    "/chunks": Answer(200, [b"abc", b"def"]),
    "/204": Answer(204),
    "/404": Answer(404, [b"hello"]),
    "/429": Answer(429, [b"hello"]),
    "/500": Answer(500, [b"hello"]),
    "/599": Answer(599, [b"hello"]),
    "/600": Answer(600),
    "/redirect": Answer(302, location="/ok"),
    "/circle": Answer(302, location="/circle"),
    "/redirect/ftp": Answer(302, location="ftp://x/ftp"),
    "/ftp": httpx2.UnsupportedProtocol("Request URL has an unsupported protocol 'ftp://'."),
    "/redirect/port": Answer(302, location="http://server:-1/"),
    "/redirect/invalid": Answer(302, location="http://[::"),
    "/redirect/endless": Answer(302, location="/ok", then="repeats"),
    "/endless": Answer(200, then="repeats"),
    "/header/password": httpx2.RemoteProtocolError(
        "illegal header line: bytearray(b'Location: http://me:se/cr@et@host/ X: \x00')"
    ),
    "/truncated": Answer(200, [b"hel"], then=CUT_OFF),
    "/truncated/chunks": Answer(200, [b"abc"], then=CUT_OFF),
    "/garbage": CUT_OFF,
    "/header/endless": CUT_OFF,
    "/closed": CUT_OFF,
    "/reset": httpx2.ReadError(""),
    "/stalled": Answer(200, [b"hel"], then="stalls"),
}


async def answer(request: httpx2.Request) -> httpx2.Response:
    path = request.url.path
    if path == "/silent":
        await anyio.sleep_forever()
    if path.startswith("/delay/"):
        await anyio.sleep(float(path.removeprefix("/delay/")))
    it = ANSWERS.get(path, Answer(200, [b"hello"]))
    if isinstance(it, Exception):
        raise it
    headers = {} if it.location is None else {"Location": it.location}
    return httpx2.Response(it.status, headers=headers, stream=Body(*it.chunks, then=it.then))


SERVER = httpx2.MockTransport(answer)


@pytest.mark.parametrize("path", BEHAVIOURS)
async def test_whatever_a_server_does_is_its_calls_line(path: str) -> None:
    calls: list[Call] = []
    await fetch(
        [f"http://server{path}"], max_bytes=1_000_000, transport=SERVER, report=calls.append
    )

    expected = BEHAVIOURS[path]
    (call,) = calls
    assert call[:4] == (1, f"http://server{path}", expected.status, expected.n_bytes)
    assert (call.error or "").startswith(expected.error or "")
    assert (call.error is None) == (expected.error is None)
    assert call.seconds == anyio.current_time() == (10.0 if path in ("/silent", "/stalled") else 0)


@pytest.mark.parametrize(
    ("max_bytes", "n_bytes", "error"),
    [
        (2, 3, "the body is longer than 2 bytes"),
        (3, 6, "the body is longer than 3 bytes"),
        (6, 6, None),
    ],
)
async def test_a_body_may_have_as_many_bytes_as_allowed_and_no_more(
    max_bytes: int, n_bytes: int, error: str | None
) -> None:
    calls: list[Call] = []
    url = "http://server/chunks"
    await fetch([url], max_bytes=max_bytes, transport=SERVER, report=calls.append)

    assert calls == [Call(1, url, 200, n_bytes, 0.0, error)]


async def test_a_call_is_redirected_twenty_times_and_no_more() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        left = int(request.url.path.removeprefix("/"))
        headers = {"Location": f"/{left - 1}"} if left else {}
        return httpx2.Response(302 if left else 200, headers=headers, stream=Body(then=None))

    calls: list[Call] = []
    transport = httpx2.MockTransport(answer)
    await fetch(["http://x/20", "http://x/21"], transport=transport, report=calls.append)

    errors = [call.error for call in sorted(calls)]
    assert errors == [None, "redirected more than 20 times"]


async def test_a_body_is_asked_for_as_it_is_and_not_packed() -> None:
    asked: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.headers["Accept-Encoding"])
        return httpx2.Response(200)

    await fetch(["http://x"], transport=httpx2.MockTransport(answer), report=lambda _: None)

    assert asked == ["identity"]


@pytest.mark.parametrize(
    ("max_bytes", "n_done", "error"),
    [(5, 1, None), (4, 0, "the body is longer than 4 bytes")],
)
async def test_a_transport_may_give_a_body_that_is_there_already(
    max_bytes: int, n_done: int, error: str | None
) -> None:
    calls: list[Call] = []
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, text="hello"))
    summary = await fetch(
        ["http://x"], max_bytes=max_bytes, transport=transport, report=calls.append
    )

    assert calls == [Call(1, "http://x", 200, 5, 0.0, error)]
    assert summary.n_done == n_done


paths = st.sampled_from(list(BEHAVIOURS)) | st.integers(0, 9).map(lambda s: f"/delay/{s}")


@given(paths=st.lists(paths, max_size=30), limit=st.integers(1, 40))
async def test_each_url_has_one_line_and_the_summary_adds_up(paths: list[str], limit: int) -> None:
    calls: list[Call] = []
    began: dict[int, float] = {}
    summary = await fetch(
        [f"http://server{path}" for path in paths],
        limit=limit,
        max_bytes=1_000_000,
        transport=SERVER,
        report=calls.append,
        watch=lambda it: began.setdefault(it.number, anyio.current_time()),
    )

    calls.sort()
    assert [call.number for call in calls] == list(range(1, len(paths) + 1))
    assert [call.url for call in calls] == [f"http://server{path}" for path in paths]
    n_failed = sum(call.error is not None for call in calls)
    # A model of when: whoever is free first takes the next URL.
    free = [0.0] * limit
    for call in calls:
        assert began[call.number] == heapq.heappop(free)
        heapq.heappush(free, began[call.number] + call.seconds)
    assert summary == Summary(len(calls) - n_failed, n_failed, 0, max(free))


@given(url=st.text(), limit=st.integers(1, 3))
async def test_any_text_for_a_url_is_one_printable_line(url: str, limit: int) -> None:
    lines: list[str] = []
    await fetch(
        ["http://server/ok", url, f"http://server/{url}"],
        limit=limit,
        transport=SERVER,
        report=lambda call: lines.append(str(call)),
    )

    assert len(lines) == 3
    assert all(line.replace("\t", " ").isprintable() for line in lines)


@given(tries=st.integers(1, 8), seed=st.integers(0, 99), passes=st.booleans())
async def test_what_may_pass_is_tried_again_after_a_while_that_grows(
    tries: int, seed: int, passes: bool
) -> None:
    began: list[float] = []
    calls: list[Call] = []

    def answer(_: httpx2.Request) -> httpx2.Response:
        status = 200 if passes and len(began) == tries else 503
        return httpx2.Response(status, stream=Body(then=None))

    random.seed(seed)
    await fetch(
        ["http://server"],
        retries=tries - 1,
        transport=httpx2.MockTransport(answer),
        report=calls.append,
        watch=lambda _: began.append(anyio.current_time()),
    )

    drawn = random.Random(seed)
    expected = [0.0]
    for n in range(tries - 1):
        expected.append(expected[-1] + min(5.0, 0.1 * 2**n + drawn.uniform(0, 1)))
    assert began == expected
    assert calls[0].seconds == expected[-1]
    assert calls[0].error == (None if passes else "503 Service Unavailable")


@pytest.mark.parametrize(
    ("path", "tried"),
    [
        ("/ok", 1),
        ("/404", 1),
        ("/429", 3),
        ("/500", 3),
        ("/599", 3),
        ("/600", 1),
        ("/circle", 1),
        ("/endless", 1),
        ("/redirect/ftp", 1),
        ("/truncated", 3),
        ("/garbage", 3),
        ("/reset", 3),
        ("/silent", 3),
        ("/stalled", 3),
    ],
)
async def test_only_what_may_pass_is_tried_again(path: str, tried: int) -> None:
    began: list[Calling] = []
    await fetch(
        [f"http://server{path}"],
        retries=2,
        max_bytes=100_000,
        transport=SERVER,
        report=lambda _: None,
        watch=began.append,
    )

    assert began == [Calling(1, f"http://server{path}", 10.0)] * tried


async def test_each_try_has_the_whole_timeout() -> None:
    calls: list[Call] = []
    began: list[float] = []
    random.seed(1)
    await fetch(
        ["http://server/silent"],
        timeout=2.5,
        retries=1,
        transport=SERVER,
        report=calls.append,
        watch=lambda _: began.append(anyio.current_time()),
    )

    wait = 0.1 + random.Random(1).uniform(0, 1)
    assert began == [0.0, 2.5 + wait]
    assert anyio.current_time() == 2.5 + wait + 2.5
    assert calls[0].error == "no whole reply within 2.5 s"


async def test_the_next_url_is_taken_when_there_is_room_for_its_call() -> None:
    taken: list[float] = []

    async def urls() -> AsyncIterator[str]:
        for _ in range(6):
            taken.append(anyio.current_time())
            yield "http://server/delay/1"

    summary = await fetch(urls(), limit=2, transport=SERVER, report=lambda _: None)

    assert taken == [0.0, 0.0, 0.0, 1.0, 1.0, 2.0]  # one is held, ready for the first room
    assert summary == Summary(6, 0, 0, 3.0)


async def test_a_report_that_fails_cancels_the_calls() -> None:
    def report(_: Call) -> None:
        raise BrokenPipeError

    with pytest.raises(ExceptionGroup) as raised:
        await fetch(
            ["http://server/silent", "http://server/delay/1"], transport=SERVER, report=report
        )

    assert [type(error) for error in raised.value.exceptions] == [BrokenPipeError]
    assert anyio.current_time() == 1.0


async def test_a_generator_of_urls_is_closed_when_the_calls_have_failed() -> None:
    closed: list[bool] = []

    async def urls() -> AsyncIterator[str]:
        try:
            while True:
                yield "http://server/ok"
        finally:
            closed.append(True)

    def report(_: Call) -> None:
        raise BrokenPipeError

    with pytest.raises(ExceptionGroup):
        await fetch(urls(), limit=1, transport=SERVER, report=report)

    assert closed == [True]


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (httpx2.ConnectError("nobody is there"), "no connection: nobody is there"),
        (httpx2.ProxyError("403 Forbidden"), "no connection: 403 Forbidden"),
        (httpx2.WriteError("it broke"), "the connection broke: it broke"),
        (httpx2.ReadError(""), "the connection broke"),
        (httpx2.LocalProtocolError("no such header"), "invalid URL: no such header"),
        (httpx2.RemoteProtocolError("\x1b[31m\n"), "malformed or truncated reply: \\x1b[31m\\n"),
    ],
)
@pytest.mark.parametrize("cause", [None, OSError(), ExceptionGroup("", [OSError(), OSError()])])
async def test_an_error_is_told_in_a_few_words(
    error: httpx2.TransportError, why: str, cause: Exception | None
) -> None:
    def answer(_: httpx2.Request) -> httpx2.Response:
        raise error from cause

    calls: list[Call] = []
    await fetch(["http://x"], transport=httpx2.MockTransport(answer), report=calls.append)

    assert calls[0].error == why


@pytest.mark.parametrize("timeout", [0, -1.0, float("inf"), float("nan"), "10"])
async def test_a_timeout_that_makes_no_sense_is_refused(timeout: float) -> None:  # noqa: ASYNC109 it is what is tested
    with pytest.raises(ValueError, match=r"^timeout must be a number of seconds above 0, not "):
        await fetch([], timeout=timeout)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"limit": 0}, "limit must be a whole number of at least 1, not 0."),
        ({"retries": -1}, "retries must be a whole number of at least 0, not -1."),
        ({"max_bytes": -1}, "max_bytes must be a whole number of at least 0, not -1."),
    ],
)
async def test_a_number_that_makes_no_sense_is_refused(
    options: dict[str, int], sentence: str
) -> None:
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        await fetch([], **options)  # type: ignore[arg-type]
