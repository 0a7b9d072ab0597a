"""One HTTP call: the status and length of its reply, or in a few words why it failed."""

import re
import ssl
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass

import anyio

from awaits.checks import needs
from awaits.fetch.calls import printable, shown

with needs("http"):
    import httpx2

MAX_REDIRECTS = 20
MAX_PORT = 65_535

# A password in the text of an error, before its last @: a reply may quote one in a bad header.
PASSWORD_IN_TEXT = re.compile(r"(//[^\s:@/]*:|:(?![\s/])).*", re.DOTALL)


class Failure(Exception):  # noqa: N818 not an error of this program
    """A call failed; the text says why.

    Args:
        why: A few words, in which no password of a URL is shown: a reply may name one.
        may_pass: Whether another try may go well.
    """

    def __init__(self, why: str, *, may_pass: bool = False) -> None:
        # In two steps: a hostile reply must not make one expression go through it again and again.
        before, at, after = why.rpartition("@")
        super().__init__(PASSWORD_IN_TEXT.sub(r"\1[secure]", before) + at + after)
        self.may_pass: bool = may_pass


@dataclass
class Reply:
    """How much of a reply has come so far."""

    status: int | None = None
    n_bytes: int = 0


async def get(
    client: httpx2.AsyncClient, url: str, reply: Reply, *, timeout: float, max_bytes: int
) -> None:
    """GET a URL, follow its redirects, and count its body.

    Args:
        client: The client that makes the call.
        url: The URL.
        reply: Is updated while the reply comes, so that it is right when the call fails, too.
        timeout: How many seconds the call may take.
        max_bytes: How many bytes the body may have.

    Raises:
        Failure: There was no whole reply with a status from 200 to 299. The reason may lie in the
            URL, the network or the server.
    """
    try:
        with anyio.fail_after(timeout):
            await _follow(client, url, reply, max_bytes)
    except TimeoutError:
        raise Failure(f"no whole reply within {timeout:g} s", may_pass=True) from None
    except httpx2.TransportError as error:
        raise _failure(error) from None
    except (httpx2.InvalidURL, ValueError) as error:  # trio refuses some hosts with a ValueError
        # What httpx2 says of a URL may quote a part of its password.
        why = (
            str(error)
            if shown(url) == printable(url)
            else "the reason is hidden, because the URL has a password"
        )
        raise Failure(f"invalid URL: {why}") from None


async def _follow(client: httpx2.AsyncClient, url: str, reply: Reply, max_bytes: int) -> None:
    request = client.build_request("GET", url)
    # httpx2's own `follow_redirects` would read the body of each redirect into memory.
    for _ in range(MAX_REDIRECTS + 1):
        check_port(request.url)
        response = await client.send(request, stream=True)
        async with aclosing(response):
            reply.status = response.status_code
            if response.next_request is not None:
                request = response.next_request
                continue
            await _count(response, reply, max_bytes)
            if reply.n_bytes > max_bytes:
                raise Failure(f"the body is longer than {max_bytes} bytes")
            if not response.is_success:
                status = response.status_code
                why = f"{status} {httpx2.codes.get_reason_phrase(status)}".strip()
                raise Failure(why, may_pass=status == 429 or 500 <= status < 600)
            return
    raise Failure(f"redirected more than {MAX_REDIRECTS} times")


async def _count(response: httpx2.Response, reply: Reply, max_bytes: int) -> None:
    """Count the bytes of a body, until there are more than `max_bytes`."""
    if response.is_stream_consumed:  # a transport of a test may give a body that is there already
        reply.n_bytes = len(response.content)
        return
    # Leaving the loop early would leave httpx2's generators open; trio warns of that.
    with anyio.CancelScope() as too_long:
        async for chunk in response.aiter_raw():
            reply.n_bytes += len(chunk)
            if reply.n_bytes > max_bytes:
                too_long.cancel()


def check_port(url: httpx2.URL) -> None:
    """Refuse a port that cannot be. asyncio fails with other errors, and trio calls another port.

    Args:
        url: The URL of a server or a proxy, wherever it comes from.

    Raises:
        httpx2.InvalidURL: There is no such port.
    """
    if not 0 <= (url.port or 0) <= MAX_PORT:
        raise httpx2.InvalidURL(f"there is no port {url.port}")


def _failure(error: httpx2.TransportError) -> Failure:
    """Say why a call failed. Where the reason is known, every event loop gives the same words."""
    for cause in _causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return Failure(f"bad certificate: {cause.verify_message}")
            case ssl.SSLError():
                why = str(cause.reason).replace("_", " ").lower()
                return Failure(f"no secure connection: {why}", may_pass=True)
            case ConnectionRefusedError():
                return Failure("connection refused", may_pass=True)
            case _:
                pass
    match error:
        case httpx2.UnsupportedProtocol() | httpx2.LocalProtocolError():
            return Failure(f"invalid URL: {error}")
        case httpx2.RemoteProtocolError():
            return Failure(f"malformed or truncated reply: {error}", may_pass=True)
        case httpx2.ConnectError() | httpx2.ProxyError():
            return Failure(f"no connection: {error}", may_pass=True)
        case _:
            return Failure(f"the connection broke: {error}".removesuffix(": "), may_pass=True)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, and all errors that it was raised from, also those in groups."""
    yield error
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _causes(each)
    cause = error.__cause__ or error.__context__
    if cause is not None:
        yield from _causes(cause)
