"""Calls saved in SQLite as each one ends, so that the next run goes on where this one stopped."""

import sqlite3
from collections import Counter
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import anyio

from awaits.checks import needs
from awaits.fetch.calls import Call, Unusable

with needs("http"):
    import sqlite_anyio

# SQLite keeps this number in a file's header. It says which program made the file.
APPLICATION_ID = int.from_bytes(b"awai")

# In one statement, because another run may begin to save to the same new file meanwhile.
OWNER = "SELECT application_id, EXISTS (SELECT 1 FROM sqlite_master) FROM pragma_application_id"

# A URL may be listed more than once. `nth` counts from 1.
TABLE = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS calls (
    url TEXT, nth INTEGER, status INTEGER, bytes INTEGER, seconds REAL, error TEXT,
    PRIMARY KEY (url, nth)
);
PRAGMA application_id = {APPLICATION_ID};
COMMIT;
"""
INSERT = "INSERT OR REPLACE INTO calls VALUES (?, ?, ?, ?, ?, ?)"


class Saved:
    """The calls in a file. Those that went well need not be made again.

    Each different URL takes about 200 bytes of memory.
    """

    def __init__(
        self, path: Path, connection: sqlite_anyio.Connection, there: set[tuple[str, int]]
    ) -> None:
        self._path = path
        self._connection = connection
        self._there = there
        self._asked: Counter[str] = Counter()
        self._pending: dict[tuple[str, int], tuple[object, ...]] = {}
        self._writing = anyio.Lock()

    def claim(self, url: str) -> int | None:
        """Return which of a URL's rows its next call belongs in.

        Args:
            url: The URL, as it stands in `Call`.

        Returns:
            The row's `nth`; `None` if a call that went well is there already.
        """
        self._asked[url] += 1
        nth = self._asked[url]
        return None if (url, nth) in self._there else nth

    async def save(self, call: Call, nth: int) -> None:
        """Save a call, in place of one that failed. It is in the file when this returns.

        Args:
            call: The call.
            nth: What `claim` returned for its URL.

        Raises:
            Unusable: The file can no longer be written.
        """
        key = call.url, nth
        self._pending[key] = (*key, call.status, call.n_bytes, call.seconds, call.error)
        async with self._writing:
            # The first task writes the rows of all that wait; the others find theirs written.
            if key in self._pending:
                rows = dict(self._pending)
                with _told(self._path):
                    async with await self._connection.cursor() as cursor:
                        await cursor.executemany(INSERT, list(rows.values()))
                    await self._connection.commit()
                for written in rows:
                    del self._pending[written]


@asynccontextmanager
async def saved_in(path: Path) -> AsyncGenerator[Saved]:
    """Open a file of calls, or make one; it is closed when the block ends.

    Args:
        path: A file that this function made earlier, or a new one.

    Yields:
        The calls in it.

    Raises:
        Unusable: The file belongs to another program, or cannot be opened.
    """
    with _told(path):
        # An absolute path, because "" and ":memory:" mean something else to SQLite.
        connection = await sqlite_anyio.connect(str(path.absolute()))  # noqa: ASYNC240 no disk
    try:
        with _told(path):
            there = await _open(path, connection)
        yield Saved(path, connection, there)
    finally:
        await connection.close()  # noqa: ASYNC102 it shields itself


async def _open(path: Path, connection: sqlite_anyio.Connection) -> set[tuple[str, int]]:
    async def rows(query: str) -> list[tuple[object, ...]]:
        async with await connection.execute(query) as cursor:
            return await cursor.fetchall()

    owner = await rows(OWNER)
    is_ours = owner == [(APPLICATION_ID, 1)]
    if not is_ours and owner != [(0, 0)]:
        raise Unusable(f"{path} is another program's database; choose another file to save to.")
    # With a write-ahead log, a row survives any end of this process after one write, and other
    # programs can read meanwhile. With NORMAL the system chooses when it reaches the disk: a power
    # failure may lose the last rows, and nothing else.
    await rows("PRAGMA journal_mode = WAL")
    await rows("PRAGMA synchronous = NORMAL")
    if not is_ours:
        async with await connection.cursor() as cursor:
            await cursor.executescript(TABLE)
    well = await rows("SELECT url, nth, status FROM calls WHERE error IS NULL")
    # SQLite keeps any type in any column. A row that is not as `save` writes it is no call.
    return {
        (url, nth)
        for url, nth, status in well
        if isinstance(url, str) and isinstance(nth, int) and isinstance(status, int)
    }


@contextmanager
def _told(path: Path) -> Generator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise Unusable(f"Cannot save to {path}: {error}.") from None
