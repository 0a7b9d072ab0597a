"""Whatever a server sends, each call has its line: replies drawn by Hypothesis, real sockets."""

import os
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from awaits.fetch.many import fetch
from tests.misbehaving import Behaviour, Then, misbehaving

if TYPE_CHECKING:
    from awaits.fetch.calls import Call

# Of at least 20 replies each: `AWAITS_EXAMPLES=5000` has 100,000 drawn on each event loop.
N_EXAMPLES = int(os.environ.get("AWAITS_EXAMPLES", "10"))

VALUES = {
    "Content-Length": ["0", "5", "-1", "+5", "5, 5", "5, 6", "x", "", "9" * 30, "1_0", " 5 "],
    "Transfer-Encoding": ["chunked", "gzip", "gzip, chunked", "chunked, chunked", "identity", ""],
    "Content-Encoding": ["gzip", "deflate", "br", "zstd", "gzip, gzip", "x", ""],
    "Content-Type": ["text/html; charset=nonsense", "", ";;;", "\xff"],
    "Connection": ["close", "upgrade", "keep-alive", ""],
    "Location": ["", "/", "/0", "/1", "?", "#", "http://[::", "ftp://x/", "http://127.0.0.1:-1/",
                 "http://127.0.0.1:99999/", "http://:80/", "http:///", "//", "\x00", "/\xff",
                 "http://me:secret@127.0.0.1:-1/", "data:,x", "x" * 70_000],
    "Set-Cookie": ["a=b", "=", ";", "a" * 5_000, "a=b; Expires=never; Domain=.."],
    "Retry-After": ["0", "-1", "never", "9" * 30],
    "Upgrade": ["h2c", "websocket"],
    " X": ["a", "b\r\n c", "\x00", "\x7f", "\u2028".encode().decode("latin-1")],
}  # fmt: skip

statuses = st.sampled_from([100, 101, 103, 200, 204, 206, 301, 302, 304, 307, 308, 401, 429, 503])
versions = st.sampled_from(["HTTP/1.1", "HTTP/1.0", "HTTP/2", "HTTP/9.9", "ICY", ""])
reasons = st.text(st.characters(max_codepoint=255, exclude_characters="\n"), max_size=5)
headers = st.sampled_from([(name, value) for name, those in VALUES.items() for value in those])
some_bytes = st.binary(max_size=20)
chunks = st.lists(some_bytes, max_size=3).map(
    lambda parts: b"".join(b"%x\r\n%s\r\n" % (len(it), it) for it in [*parts, b""])
)
thens: st.SearchStrategy[Then] = st.sampled_from(get_args(Then))
SECRET = b"//me:secret@"  # where it is not damaged, nobody may see the password


@st.composite
def replies(draw: st.DrawFn) -> tuple[bytes, Then]:
    """Draw what is nearly a reply, damaged in up to two places, and what the server does then."""
    status = draw(statuses | st.integers(0, 999))
    head = f"{draw(versions)} {status} {draw(reasons)}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in draw(st.lists(headers, max_size=4)))
    sent = head.encode("latin-1") + b"\r\n" + draw(some_bytes | chunks)
    for at in draw(st.lists(st.integers(0, len(sent)), max_size=2)):
        sent = sent[:at] + draw(some_bytes) + sent[at + draw(st.integers(0, 9)) :]
    return sent, draw(thens)


@pytest.mark.anyio
@pytest.mark.virtual_time  # so that a timeout is over at once
@settings(max_examples=N_EXAMPLES, database=None)
@given(drawn=st.lists(replies(), min_size=20, max_size=40), limit=st.integers(1, 50))
async def test_whatever_a_server_sends_each_call_has_its_line(
    drawn: list[tuple[bytes, Then]], limit: int
) -> None:
    calls: list[Call] = []
    async with misbehaving() as server:
        server.behaviours = {
            f"/{n}": Behaviour(sends, None, 0, None, then) for n, (sends, then) in enumerate(drawn)
        }
        urls = [f"{server.url}{path}" for path in server.behaviours]
        summary = await fetch(urls, limit=limit, max_bytes=100_000, report=calls.append)

    calls.sort()
    assert [call.url for call in calls] == urls
    assert all(str(call).replace("\t", " ").isprintable() for call in calls)
    if not any(b"secret" in sends and SECRET not in sends for sends, _ in drawn):
        assert not any("secret" in str(call) for call in calls)
    n_failed = sum(call.error is not None for call in calls)
    assert summary[:3] == (len(calls) - n_failed, n_failed, 0)
