"""What a task awaits: a pause, as in the post, or a real call to a server or a database."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import anyio

from awaits.checks import extra


class Source(Protocol):
    """Anything that can be awaited with the number that a task drew."""

    async def __call__(self, seconds: int, /) -> object:
        """Make the call.

        Args:
            seconds: The number that the task drew, from 10 to 59.

        Returns:
            Whatever the call gives; a task only waits for it.
        """
        ...


async def pause(seconds: int, /) -> None:
    """Wait: the post's stand-in for a call.

    Args:
        seconds: How long.
    """
    await anyio.sleep(seconds)


@asynccontextmanager
async def http(url: str, *, timeout: float = 60.0) -> AsyncGenerator[Source]:
    """Call a server; its connections are closed when the block ends.

    Args:
        url: What to GET. A `{seconds}` in it becomes the number that the task drew.
        timeout: How many seconds to wait for each step of the reply: to connect, to send, to read.

    Yields:
        A source that gives an `httpx2.Response`, and raises `httpx2.HTTPError` when the call
        fails or the reply's status is none of 200 to 299.

    Raises:
        ValueError: httpx2 is not installed.
    """
    with extra("http"):
        import httpx2  # noqa: PLC0415 an extra

    async with httpx2.AsyncClient(timeout=timeout) as client:

        async def get(seconds: int, /) -> object:
            response = await client.get(url.replace("{seconds}", str(seconds)))
            return response.raise_for_status()

        yield get


@asynccontextmanager
async def sqlite(path: str | Path, query: str) -> AsyncGenerator[Source]:
    """Query a SQLite database; its connection is closed when the block ends.

    Args:
        path: The database's file, which must be there.
        query: SQL, whose one parameter, `?`, is the number that the task drew.

    Yields:
        A source that gives the list of rows, and raises `sqlite3.Error` when the query fails.

    Raises:
        ValueError: sqlite-anyio is not installed.
        sqlite3.OperationalError: There is no such file, or it cannot be opened.
    """
    with extra("http"):
        import sqlite_anyio  # noqa: PLC0415 an extra

    # Without mode=rw, SQLite would make an empty database of a path that was mistyped.
    uri = Path(path).absolute().as_uri() + "?mode=rw"  # noqa: ASYNC240 no disk
    connection = await sqlite_anyio.connect(uri, uri=True)
    # The `async with` of a connection ends its transaction; it does not close it.
    try:
        async with connection:

            async def rows(seconds: int, /) -> object:
                async with await connection.execute(query, (seconds,)) as cursor:
                    return await cursor.fetchall()

            yield rows
    finally:
        await connection.close()  # noqa: ASYNC102 it shields itself
