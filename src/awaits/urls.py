"""URLs from a file, a pipe or a terminal: each as soon as its line is there."""

import contextlib
from collections.abc import AsyncGenerator, Iterable
from io import FileIO

import anyio
import anyio.to_thread

from awaits.calls import Unusable

CHUNK_BYTES = 65_536  # a line that is longer is no URL


async def urls_in(file: FileIO, *, first: Iterable[str] = ()) -> AsyncGenerator[str]:
    """Read URLs, one a line. Blank lines and those that start with `#` are none.

    Args:
        file: Where from. It may be a pipe that is slow or never ends.
        first: URLs to yield before.

    Yields:
        A line without the space around it. Bytes that are no UTF-8 become lone surrogates, which
        are in no URL, so that its call fails and the others go on.

    Raises:
        Unusable: Reading failed.
    """
    for url in first:
        yield url
    rest = b""
    while chunk := await _read(file):
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > CHUNK_BYTES:
            lines.append(rest)
            rest = b""
        for url in filter(None, map(_url, lines)):
            yield url
    if url := _url(rest):
        yield url


async def _read(file: FileIO) -> bytes:
    # A thread that reads from a terminal cannot be cancelled, so wait until there is something.
    # Files that are always there cannot be waited for: the system says so.
    with contextlib.suppress(OSError):
        await anyio.wait_readable(file)
    try:
        return await anyio.to_thread.run_sync(file.read, CHUNK_BYTES) or b""
    except OSError as error:
        raise Unusable(f"Cannot read {file.name}: {error.strerror}.") from None


def _url(line: bytes) -> str:
    text = line.removeprefix(b"\xef\xbb\xbf").decode(errors="surrogateescape").strip()
    return "" if text.startswith("#") else text
