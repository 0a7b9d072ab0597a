"""Many HTTP calls, concurrent and bounded. What fails is a line, and the others go on."""

from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable
from contextlib import aclosing
from http.cookiejar import CookieJar, DefaultCookiePolicy

import anyio
import httpx2
import stamina

from awaits.calls import Call, Calling, Summary, Unusable, printable
from awaits.get import Failure, Reply, get
from awaits.saved import Saved
from awaits.tasks import check_whole


async def fetch(
    urls: Iterable[str] | AsyncIterable[str],
    *,
    limit: int = 10,
    timeout: float = 10.0,
    retries: int = 0,
    max_bytes: int = 10_000_000,
    report: Callable[[Call], object] = print,
    watch: Callable[[Calling], object] = lambda _: None,
    saved: Saved | None = None,
    transport: httpx2.AsyncBaseTransport | None = None,
) -> Summary:
    """GET many URLs; count the bytes of each reply's body, and keep none of them.

    Memory does not grow with the number of URLs, except with that of different ones in `saved`.

    Args:
        urls: What to call. The next one is taken when there is room for its call.
        limit: At most this many calls are made at the same time.
        timeout: How many seconds a call has, from its connection to the end of the body. A call
            that is tried again has as many again.
        retries: How often to try again what may pass: no connection, no whole reply in time, and
            the statuses 429 and 500 to 599. Each wait is about twice as long as the one before,
            with up to a second more, drawn at random, and is never above 5 seconds.
        max_bytes: A body that is longer is a failure, and its rest is not read.
        report: Is given each call when it has ended, and is saved.
        watch: Is told when a call begins, and when it is tried again.
        saved: Where to save calls; what went well there is not called again.
        transport: What carries the calls, instead of the network.

    Returns:
        What the calls come to.

    Raises:
        ValueError: A number is too low, or is none.
        Unusable: The environment's proxies or certificates make no sense.
        ExceptionGroup: `report` failed, or `saved` can no longer be written. The calls were
            cancelled; the group holds the error.
    """
    check_options(limit, timeout, retries, max_bytes)
    began = anyio.current_time()
    n_failed = n_done = n_there = 0
    room = anyio.Semaphore(limit)

    async def call(number: int, url: str, nth: int) -> None:
        nonlocal n_done, n_failed
        ended = await _call(
            client,
            number,
            url,
            timeout=timeout,
            tries=retries + 1,
            max_bytes=max_bytes,
            watch=watch,
        )
        # No Ctrl-C comes between the end of a call, its row and its line.
        with anyio.CancelScope(shield=True):
            if saved is not None:
                await saved.save(ended, nth)
        n_done += ended.error is None
        n_failed += ended.error is not None
        report(ended)
        room.release()

    async with (
        _client(limit, transport) as client,
        anyio.create_task_group() as calls,
        aclosing(_numbered(urls)) as numbered,
    ):
        async for number, url in numbered:
            nth = 1 if saved is None else saved.claim(printable(url))
            if nth is None:
                n_there += 1
                continue
            await room.acquire()
            calls.start_soon(call, number, url, nth)
    return Summary(n_done, n_failed, n_there, anyio.current_time() - began)


def check_options(limit: object, timeout: object, retries: object, max_bytes: object) -> None:
    """Say in a sentence why `fetch` cannot run with these numbers, if it cannot.

    Args:
        limit: As for `fetch`.
        timeout: As for `fetch`.
        retries: As for `fetch`.
        max_bytes: As for `fetch`.

    Raises:
        ValueError: One is too low, or is no number.
    """
    check_whole("limit", limit, 1)
    check_whole("retries", retries, 0)
    check_whole("max_bytes", max_bytes, 0)
    if not (isinstance(timeout, int | float) and 0 < timeout < float("inf")):
        raise ValueError(f"timeout must be a number of seconds above 0, not {timeout!r}.")


def _client(limit: int, transport: httpx2.AsyncBaseTransport | None) -> httpx2.AsyncClient:
    try:
        return httpx2.AsyncClient(
            transport=transport,
            timeout=None,  # `get` has one for the whole call
            limits=httpx2.Limits(max_keepalive_connections=limit),
            headers={"Accept-Encoding": "identity"},  # what is packed may unpack without an end
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),  # calls share nothing
        )
    except (ValueError, ImportError, OSError, httpx2.InvalidURL) as error:
        raise Unusable(
            f"Check HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY and SSL_CERT_FILE: {error}"
        ) from None


async def _numbered(
    urls: Iterable[str] | AsyncIterable[str],
) -> AsyncGenerator[tuple[int, str]]:
    number = 0
    if isinstance(urls, AsyncIterable):
        async for url in urls:
            number += 1
            yield number, url
    else:
        for url in urls:
            number += 1
            yield number, url


async def _call(
    client: httpx2.AsyncClient,
    number: int,
    url: str,
    *,
    timeout: float,
    tries: int,
    max_bytes: int,
    watch: Callable[[Calling], object],
) -> Call:
    began = anyio.current_time()
    shown = printable(url)
    reply, error = Reply(), None
    try:
        async for attempt in stamina.retry_context(_may_pass, attempts=tries, timeout=None):
            with attempt:
                reply = Reply()
                watch(Calling(number, shown, timeout))
                await get(client, url, reply, timeout=timeout, max_bytes=max_bytes)
    except Failure as failure:
        error = printable(str(failure))
    return Call(number, shown, reply.status, reply.n_bytes, anyio.current_time() - began, error)


def _may_pass(error: Exception) -> bool:
    return isinstance(error, Failure) and error.may_pass
