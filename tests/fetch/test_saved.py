import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from unittest import mock

import anyio
import httpx2
import pytest
import sqlite_anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from awaits.fetch.calls import Call, Summary, Unusable
from awaits.fetch.many import fetch
from awaits.fetch.saved import saved_in

pytestmark = pytest.mark.anyio


class Answers(httpx2.AsyncBaseTransport):
    """Answers 200, except for the hosts that fail; knows who was called."""

    def __init__(self, *failing: str) -> None:
        self.failing: tuple[str, ...] = failing
        self.called: list[str] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.called.append(request.url.host)
        await anyio.lowlevel.checkpoint()
        return httpx2.Response(404 if request.url.host in self.failing else 200, stream=Empty())


class Empty(httpx2.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b""


async def run(file: Path, hosts: str, answers: Answers, *, limit: int = 1) -> Summary:
    """Call hosts of one letter each."""
    async with saved_in(file) as saved:
        return await fetch(
            [f"http://{host}" for host in hosts],
            limit=limit,
            report=lambda _: None,
            saved=saved,
            transport=answers,
        )


def rows(file: Path, columns: str = "url, nth, status, error") -> list[tuple[object, ...]]:
    with sqlite3.connect(file) as connection:
        found = connection.execute(f"SELECT {columns} FROM calls ORDER BY url, nth").fetchall()  # noqa: S608
    connection.close()
    return found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "calls.db"


async def test_a_call_is_in_the_file_when_it_is_reported(file: Path) -> None:
    found: list[object] = []

    def report(call: Call) -> None:
        found.append(rows(file, "*"))
        found.append([(call.url, 1, call.status, call.n_bytes, call.seconds, call.error)])

    async with saved_in(file) as saved:
        await fetch(["http://a"], report=report, saved=saved, transport=Answers())

    assert found[0] == found[1]


async def test_only_the_rest_is_called_and_what_failed_is_replaced(file: Path) -> None:
    first = await run(file, "abc", Answers("b"))
    answers = Answers()
    second = await run(file, "abcd", answers)

    assert first[:3] == (2, 1, 0)
    assert second[:3] == (2, 0, 2)
    assert answers.called == ["b", "d"]
    assert rows(file) == [(f"http://{host}", 1, 200, None) for host in "abcd"]


async def test_what_is_saved_of_other_urls_stays(file: Path) -> None:
    await run(file, "ab", Answers("b"))
    await run(file, "c", Answers())

    assert [row[0] for row in rows(file)] == ["http://a", "http://b", "http://c"]


async def test_a_url_that_is_there_twice_is_called_twice(file: Path) -> None:
    await run(file, "aa", Answers())
    answers = Answers()
    summary = await run(file, "aaa", answers)

    assert answers.called == ["a"]
    assert summary[:3] == (1, 0, 2)
    assert [row[1] for row in rows(file)] == [1, 2, 3]


@settings(max_examples=30)  # the disk may be slow
@given(
    runs=st.lists(st.tuples(st.text("abc"), st.sets(st.sampled_from("abc"))), max_size=4),
    limit=st.integers(1, 5),
)
async def test_any_runs_come_to_the_calls_that_each_url_needs(
    runs: list[tuple[str, set[str]]], limit: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("saved") / "calls.db"
    model: dict[tuple[str, int], bool] = {}  # whether each call went well
    for hosts, failing in runs:
        answers = Answers(*failing)
        summary = await run(file, hosts, answers, limit=limit)

        asked = {(host, hosts[: n + 1].count(host)) for n, host in enumerate(hosts)}
        made = {it for it in asked if not model.get(it)}
        model |= {(host, nth): host not in failing for host, nth in made}
        assert sorted(answers.called) == sorted(host for host, _ in made)
        assert summary.n_there == len(asked) - len(made)
        assert summary.n_done + summary.n_failed == len(made)
        assert summary.n_done == sum(model[it] for it in made)

    if runs:
        saved = {(str(url)[-1], nth): error is None for url, nth, _, error in rows(file)}
        assert saved == model


@pytest.mark.virtual_time
async def test_what_was_reported_before_a_cancellation_is_there(file: Path) -> None:
    reported: list[str] = []

    async def answer(request: httpx2.Request) -> httpx2.Response:
        await anyio.sleep(ord(request.url.host) - ord("a"))
        return httpx2.Response(200, stream=Empty())

    with anyio.move_on_after(2.5):
        async with saved_in(file) as saved:
            await fetch(
                [f"http://{host}" for host in "abcdef"],
                report=lambda call: reported.append(call.url),
                saved=saved,
                transport=httpx2.MockTransport(answer),
            )

    assert reported == ["http://a", "http://b", "http://c"]
    assert [row[0] for row in rows(file)] == reported


async def test_a_call_that_is_saved_while_it_is_cancelled_is_reported(file: Path) -> None:
    reported: list[str] = []
    async with saved_in(file) as saved:
        save = saved.save
        with anyio.CancelScope() as scope:

            async def cancelled(call: Call, nth: int) -> None:
                scope.cancel()
                await save(call, nth)

            with mock.patch.object(saved, "save", cancelled):
                await fetch(
                    ["http://a"],
                    report=lambda call: reported.append(call.url),
                    saved=saved,
                    transport=Answers(),
                )

    assert reported == ["http://a"]
    assert [row[0] for row in rows(file)] == reported


async def test_calls_are_saved_while_another_program_reads(file: Path) -> None:
    await run(file, "a", Answers())
    with sqlite3.connect(file) as connection:
        connection.execute("BEGIN")
        assert len(connection.execute("SELECT * FROM calls").fetchall()) == 1
        await run(file, "b", Answers())
        assert len(connection.execute("SELECT * FROM calls").fetchall()) == 1
    connection.close()

    assert len(rows(file)) == 2


async def test_a_name_that_is_sqlites_own_is_a_file_as_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    await run(Path(":memory:"), "a", Answers())

    assert len(rows(tmp_path / ":memory:")) == 1


async def test_calls_that_wait_for_a_write_are_written_together(file: Path) -> None:
    commit = sqlite_anyio.Connection.commit
    async with saved_in(file) as saved:
        with mock.patch.object(sqlite_anyio.Connection, "commit", autospec=True) as commits:
            commits.side_effect = commit
            async with anyio.create_task_group() as calls:
                for number in range(1, 6):
                    call = Call(number, f"http://{number}", 200, 0, 0.0, None)
                    calls.start_soon(saved.save, call, 1)

    assert len(rows(file)) == 5
    assert commits.call_count <= 2


async def test_the_log_of_an_open_file_is_gone_when_it_is_closed(file: Path) -> None:
    await run(file, "a", Answers())

    assert list(file.parent.iterdir()) == [file]


async def test_an_empty_file_can_be_saved_to(file: Path) -> None:
    file.touch()
    await run(file, "a", Answers())

    assert len(rows(file)) == 1


@pytest.mark.parametrize("application_id", [0, 7])
async def test_another_programs_database_is_refused_and_left_alone(
    file: Path, application_id: int
) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute(f"PRAGMA application_id = {application_id}")
        connection.execute("CREATE TABLE calls (url)")
    connection.close()
    before = file.read_bytes()

    with pytest.raises(Unusable) as raised:
        await run(file, "a", Answers())

    assert str(raised.value) == (
        f"{file} is another program's database; choose another file to save to."
    )
    assert file.read_bytes() == before


async def test_a_file_that_is_no_database_is_refused_and_left_alone(file: Path) -> None:
    file.write_text("precious\n" * 100)

    with pytest.raises(Unusable) as raised:
        await run(file, "a", Answers())

    assert str(raised.value) == f"Cannot save to {file}: file is not a database."
    assert file.read_text() == "precious\n" * 100


async def test_a_folder_that_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "no" / "calls.db"

    with pytest.raises(Unusable) as raised:
        await run(file, "a", Answers())

    assert str(raised.value) == f"Cannot save to {file}: unable to open database file."


async def test_a_file_that_can_no_longer_be_written_ends_the_calls(file: Path) -> None:
    reported: list[Call] = []
    async with saved_in(file) as saved:
        with sqlite3.connect(file) as connection:
            connection.execute("DROP TABLE calls")
        connection.close()

        with pytest.raises(ExceptionGroup) as raised:
            urls = [f"http://{host}" for host in "abcde"]
            await fetch(urls, report=reported.append, saved=saved, transport=Answers())

    assert reported == []  # also of those that waited for another's write
    for error in raised.value.exceptions:
        assert isinstance(error, Unusable)
        assert str(error) == f"Cannot save to {file}: no such table: calls."


async def test_two_runs_can_save_to_one_file(file: Path) -> None:
    await run(file, "a", Answers())
    async with anyio.create_task_group() as runs:
        for hosts in "abc", "def":
            runs.start_soon(run, file, hosts, Answers())

    assert [row[0] for row in rows(file)] == [f"http://{host}" for host in "abcdef"]


async def test_another_run_may_begin_with_the_same_new_file_meanwhile(file: Path) -> None:
    fetchall = sqlite_anyio.Cursor.fetchall
    patch = mock.patch.object(sqlite_anyio.Cursor, "fetchall", autospec=True)

    async def and_another_run_begins(cursor: sqlite_anyio.Cursor) -> list[tuple[object, ...]]:
        found = await fetchall(cursor)
        patch.stop()
        await run(file, "b", Answers())
        return found

    patch.start().side_effect = and_another_run_begins
    await run(file, "a", Answers())

    assert [row[0] for row in rows(file)] == ["http://a", "http://b"]


@pytest.mark.parametrize(
    "odd",
    ["NULL, 1, 200", "x'ff', 1, 200", "'http://a', NULL, 200", "'http://a', 'one', 200",
     "'http://a', 1.5, 200", "'http://a', 1, 'ok'", "'http://a', 1, NULL"],
)  # fmt: skip
async def test_a_row_that_is_no_call_is_not_done(file: Path, odd: str) -> None:
    await run(file, "b", Answers())
    with sqlite3.connect(file) as connection:
        connection.execute(f"INSERT INTO calls (url, nth, status) VALUES ({odd})")  # noqa: S608
    connection.close()

    answers = Answers()
    await run(file, "ab", answers)

    assert answers.called == ["a"]


async def test_a_password_is_nowhere_in_the_file_and_its_url_is_found_again(file: Path) -> None:
    urls = ["http://me:swordfish@a/", "http://me:12345@a/"]
    calls: list[Call] = []
    for n_there in 0, 2:
        async with saved_in(file) as saved:
            summary = await fetch(urls, report=calls.append, saved=saved, transport=Answers())
        assert summary.n_there == n_there

    assert b"swordfish" not in file.read_bytes()
    assert "http://me:[secure-" in str(calls[0])
    assert [row[0] for row in rows(file)] == sorted(call.url for call in calls)
