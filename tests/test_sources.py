"""What a task awaits can be passed: these tests patch nothing."""

import re
import sqlite3
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import httpx2
import pytest

from awaits import individual_task, main
from awaits.checks import to_install
from awaits.sources import http, pause, sqlite
from awaits.tasks import Done, Event, Started
from tests.misbehaving import Server, misbehaving

pytestmark = pytest.mark.anyio


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    async with misbehaving() as it:
        yield it


async def test_a_task_awaits_what_it_is_given_with_the_number_that_it_drew() -> None:
    awaited: list[int] = []
    events: list[Event] = []

    async def source(seconds: int, /) -> None:
        awaited.append(seconds)

    await individual_task(7, source=source, report=events.append)

    assert events == [Started(7, awaited[0]), Done(7)]


async def test_every_task_awaits_what_the_program_is_given() -> None:
    awaited: list[int] = []
    events: list[Event] = []

    async def source(seconds: int, /) -> None:
        awaited.append(seconds)

    await main(20, limit=3, source=source, report=events.append)

    assert awaited == [event.seconds for event in events if isinstance(event, Started)]
    assert len(awaited) == 20


@pytest.mark.virtual_time
async def test_the_pause_is_as_long_as_the_number() -> None:
    await pause(30)

    assert anyio.current_time() == 30.0


@pytest.mark.virtual_time
async def test_twenty_tasks_call_a_server_as_long_as_the_slowest_call(server: Server) -> None:
    events: list[Event] = []
    async with http(f"{server.url}/delay/{{seconds}}") as source:
        await main(20, source=source, report=events.append)

    numbers = [event.seconds for event in events if isinstance(event, Started)]
    assert server.asked.total() == 20
    assert set(server.asked) == {f"/delay/{number}" for number in numbers}
    assert anyio.current_time() == max(numbers)


async def test_a_call_gives_the_reply(server: Server) -> None:
    async with http(f"{server.url}/bytes/{{seconds}}") as source:
        response = await source(30)

    assert isinstance(response, httpx2.Response)
    assert response.content == b"hello"


async def test_a_call_that_fails_raises(server: Server) -> None:
    async with http(f"{server.url}/404") as source:
        with pytest.raises(httpx2.HTTPStatusError):
            await source(30)


@pytest.mark.virtual_time  # so that a busy machine has time to connect
async def test_a_server_that_does_not_answer_raises_after_the_timeout(server: Server) -> None:
    async with http(f"{server.url}/silent", timeout=30) as source:
        with pytest.raises(httpx2.ReadTimeout):
            await source(30)


async def test_the_connections_are_closed_with_the_block(server: Server) -> None:
    async with http(server.url) as source:
        await source(30)
        assert server.n_open == 1

    with anyio.fail_after(5):
        while server.n_open:  # noqa: ASYNC110 the server has no event for it
            await anyio.sleep(0.001)


@pytest.fixture
def numbers(tmp_path: Path) -> Path:
    path = tmp_path / "numbers #1.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE numbers (n)")
        connection.executemany("INSERT INTO numbers VALUES (?)", [(n,) for n in range(100)])
    connection.close()
    return path


async def test_a_query_gives_its_rows(numbers: Path) -> None:
    async with sqlite(numbers, "SELECT n FROM numbers WHERE n > ?") as source:
        assert await source(97) == [(98,), (99,)]


async def test_twenty_tasks_query_a_database(numbers: Path) -> None:
    events: list[Event] = []
    async with sqlite(numbers, "SELECT n FROM numbers WHERE n = ?") as source:
        await main(20, source=source, report=events.append)

    assert sum(isinstance(event, Done) for event in events) == 20


async def test_what_a_query_writes_is_there_after_the_block(numbers: Path) -> None:
    async with sqlite(numbers, "INSERT INTO numbers VALUES (? * 10)") as source:
        await source(30)

    async with sqlite(numbers, "SELECT n FROM numbers WHERE n = ? * 10") as source:
        assert await source(30) == [(300,)]


async def test_the_log_of_a_database_is_gone_with_the_block(numbers: Path) -> None:
    with sqlite3.connect(numbers) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    connection.close()

    async with sqlite(numbers, "INSERT INTO numbers VALUES (?)") as source:
        await source(30)
        assert len(list(numbers.parent.iterdir())) > 1

    assert list(numbers.parent.iterdir()) == [numbers]


async def test_a_query_that_is_wrong_raises_and_the_connection_is_closed(numbers: Path) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        async with sqlite(numbers, "SELECT ? FROM nowhere") as source:
            await source(30)

    numbers.unlink()  # and no warning of an open connection comes


async def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError, match="unable to open database file"):
        async with sqlite(tmp_path / "no.db", "SELECT ?"):
            raise AssertionError

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("library", ["httpx2", "sqlite_anyio"])
async def test_a_missing_library_is_told_with_what_to_install(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)

    sentence = f"{library} is not installed; {to_install('http')}"
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        async with http("http://x") if library == "httpx2" else sqlite("x", "SELECT ?"):
            raise AssertionError
