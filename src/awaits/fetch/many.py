"""Many HTTP calls at once, up to a limit. A call that fails does not stop the others."""

import urllib.request
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable
from contextlib import aclosing
from http.cookiejar import CookieJar, DefaultCookiePolicy

import anyio

from awaits.checks import check_seconds, check_whole, needs
from awaits.fetch.calls import Call, Calling, Summary, Unusable, printable, shown
from awaits.fetch.one import Failure, Reply, check_port, get
from awaits.fetch.saved import Saved

with needs("http"):
    import httpx2
    import stamina


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

    Memory does not grow with the number of URLs. With `saved`, it grows with the number of
    different URLs.

    Args:
        urls: What to call. The next URL is taken when another call may begin.
        limit: At most this many calls are made at the same time.
        timeout: How many seconds a call may take, from its connection to the end of the body.
            Each new try has as many again.
        retries: How often to try again what may pass: no connection, no whole reply in time, and
            the statuses 429 and 500 to 599. Each wait is about twice as long as the one before,
            with up to a second more, drawn at random, and is never above 5 seconds.
        max_bytes: A call with a longer body fails, and the rest of the body is not read.
        report: Is given each call when it has ended and is saved.
        watch: Is given each call when it begins, and when it is tried again.
        saved: Where to save calls. Those that went well there are not made again.
        transport: Carries the calls instead of the network.

    Returns:
        How many calls went well, and how many failed.

    Raises:
        ValueError: A number is too low, or is not a number.
        Unusable: A proxy or the certificates that the environment names cannot be used.
        ExceptionGroup: `report` failed, or `saved` can no longer be written. The calls were
            cancelled; the group holds the error.
    """
    check_whole("limit", limit, 1)
    check_seconds("timeout", timeout)
    check_whole("retries", retries, 0)
    check_whole("max_bytes", max_bytes, 0)
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
        aclosing(_each(urls)) as all_urls,
    ):
        number = 0
        async for url in all_urls:
            number += 1
            nth = 1 if saved is None else saved.claim(shown(url))
            if nth is None:
                n_there += 1
                continue
            await room.acquire()
            calls.start_soon(call, number, url, nth)
    return Summary(n_done, n_failed, n_there, anyio.current_time() - began)


def _client(limit: int, transport: httpx2.AsyncBaseTransport | None) -> httpx2.AsyncClient:
    try:
        proxies = urllib.request.getproxies()
        for proxy in filter(None, map(proxies.get, ("http", "https", "all"))):
            # httpx2, too, takes a proxy without a scheme.
            check_port(httpx2.URL(proxy if "://" in proxy else f"http://{proxy}"))
        return httpx2.AsyncClient(
            transport=transport,
            timeout=None,  # `get` has one for the whole call
            limits=httpx2.Limits(max_keepalive_connections=limit),
            headers={"Accept-Encoding": "identity"},  # a small body may unpack to an endless one
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),  # calls share nothing
        )
    except (ValueError, ImportError, OSError, httpx2.InvalidURL) as error:
        raise Unusable(
            f"Check HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY and SSL_CERT_FILE: {error}"
        ) from None


async def _each(urls: Iterable[str] | AsyncIterable[str]) -> AsyncGenerator[str]:
    """Yield the URLs. A generator of them is closed as this one is: trio warns of one left open."""
    if isinstance(urls, AsyncGenerator):
        async with aclosing(urls):
            async for url in urls:
                yield url  # noqa: ASYNC119 who asks for the URLs closes this
    elif isinstance(urls, AsyncIterable):
        async for url in urls:
            yield url
    else:
        for url in urls:
            yield url


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
    name = shown(url)
    reply, error = Reply(), None
    try:
        async for attempt in stamina.retry_context(_may_pass, attempts=tries, timeout=None):
            with attempt:
                reply = Reply()
                watch(Calling(number, name, timeout))
                await get(client, url, reply, timeout=timeout, max_bytes=max_bytes)
    except Failure as failure:
        error = printable(str(failure))
    return Call(number, name, reply.status, reply.n_bytes, anyio.current_time() - began, error)


def _may_pass(error: Exception) -> bool:
    return isinstance(error, Failure) and error.may_pass
