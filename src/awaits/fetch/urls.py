"""URLs from a file, a pipe or a terminal: each one as soon as its line has come."""

import contextlib
from collections.abc import AsyncGenerator, Iterable
from io import FileIO

import anyio
import anyio.to_thread

from awaits.fetch.calls import Unusable

CHUNK_BYTES = 65_536  # a longer line is not a URL


async def urls_in(file: FileIO, *, first: Iterable[str] = ()) -> AsyncGenerator[str]:
    """Read URLs, one a line. Blank lines and lines that start with `#` are skipped.

    Args:
        file: What to read. It may be a pipe that is slow or never ends.
        first: URLs to yield before those of the file.

    Yields:
        A line without the space around it. Bytes that are not UTF-8 become lone surrogates. No URL
        can have them, so that call fails and the others go on.

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
    # A thread that reads from a terminal cannot be cancelled, so wait until there is something to
    # read. The system refuses to wait for a plain file, which is always readable.
    with contextlib.suppress(OSError):
        await anyio.wait_readable(file)
    try:
        return await anyio.to_thread.run_sync(file.read, CHUNK_BYTES) or b""
    except OSError as error:
        raise Unusable(f"Cannot read {file.name}: {error.strerror}.") from None


def _url(line: bytes) -> str:
    text = line.removeprefix(b"\xef\xbb\xbf").decode(errors="surrogateescape").strip()
    return "" if text.startswith("#") else text
