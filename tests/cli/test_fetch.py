"""`awaits fetch` as a user runs it: a program of its own, against a real server on loopback."""

import io
import os
import pty
import re
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
from anyio.streams.buffered import BufferedByteReceiveStream

from awaits import checks
from awaits.testing import backends
from tests.cli.command import AWAITS, Awaits
from tests.misbehaving import Server, misbehaving

pytestmark = pytest.mark.anyio


@pytest.fixture
def backend(anyio_backend: object) -> str:
    """The event loop of the command: that of the server."""
    return str(backends.name_of(anyio_backend))


@pytest.fixture(autouse=True)
def without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
async def server() -> AsyncGenerator[Server]:
    async with misbehaving() as it:
        yield it


async def fetch(*args: str, stdin: str = "") -> tuple[int | None, str, str]:
    done = await anyio.run_process([*AWAITS, "fetch", *args], input=stdin.encode(), check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def without_seconds(line: str) -> str:
    return re.sub(r"\d+\.\d{3}", "0.000", line)


async def test_each_call_is_a_line_and_a_summary_comes_last(server: Server, backend: str) -> None:
    url = server.url
    code, out, err = await fetch(f"{url}/ok", f"{url}/404", "--limit=1", "--backend", backend)

    assert (code, err) == (1, "")
    assert [without_seconds(line) for line in out.splitlines()] == [
        f"1\t200\t5\t0.000\t{url}/ok",
        f"2\t404\t5\t0.000\t{url}/404\t404 Not Found",
        "1 done, 1 failed in 0.000 s",
    ]


async def test_the_exit_code_is_0_when_no_call_failed(server: Server) -> None:
    code, out, err = await fetch(server.url)

    assert (code, err) == (0, "")
    assert out.endswith("\n1 done, 0 failed in " + out.split()[-2] + " s\n")


async def test_urls_come_from_a_file_too(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "urls.txt"
    file.write_bytes(f"# three\n{server.url}/a\n\n{server.url}/b\n".encode() + b"http://\xff\n")

    code, out, err = await fetch(f"{server.url}/first", "--file", str(file), "--limit=1")

    assert (code, err) == (1, "")
    assert list(server.asked) == ["/first", "/a", "/b"]
    assert "4\t-\t0\t0.000\thttp://\\udcff\tinvalid URL: " in without_seconds(out)


async def test_urls_come_from_stdin(server: Server) -> None:
    code, _, err = await fetch("--file=-", stdin=f"{server.url}/a\n{server.url}/b")

    assert (code, err) == (0, "")
    assert set(server.asked) == {"/a", "/b"}


async def test_the_options_reach_the_calls(server: Server) -> None:
    urls = [f"{server.url}/silent", f"{server.url}/endless", f"{server.url}/flaky/1"]
    code, out, err = await fetch(*urls, "--timeout=0.5", "--max-bytes=100", "--retries=1")

    assert (code, err) == (1, "")
    assert "no whole reply within 0.5 s" in out
    assert "the body is longer than 100 bytes" in out
    assert f"\t200\t5\t0.000\t{urls[2]}\n" in without_seconds(out)
    assert server.asked == {"/silent": 2, "/endless": 1, "/flaky/1": 2}


async def test_letters_that_the_output_does_not_know_are_escaped(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")

    code, out, err = await fetch(f"{server.url}/ä")

    assert (code, err) == (0, "")
    assert f"{server.url}/\\xe4\n" in out


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ("", "Give at least one URL, or --file; see awaits fetch --help."),
        ("--file /no/such", "Cannot read /no/such: No such file or directory."),
        ("--file /", "Cannot read /: Is a directory."),
        ("x --limit 0", "limit must be a whole number of at least 1, not 0."),
        ("x --limit few", "limit must be a whole number of at least 1, not 'few'."),
        ("x --retries -1", "retries must be a whole number of at least 0, not -1."),
        ("x --max-bytes 1.5", "max_bytes must be a whole number of at least 0, not '1.5'."),
        ("x --timeout 0", "timeout must be a number of seconds above 0, not 0.0."),
        ("x --timeout soon", "timeout must be a number of seconds above 0, not 'soon'."),
        ("x --backend x", "There is no event loop 'x'; choose from asyncio, trio, asyncio+uvloop."),
        ("x --save /no/such.db", "Cannot save to /no/such.db: unable to open database file."),
        ("x --nope", "No such option: --nope; see awaits --help."),
    ],
)
def test_bad_input_is_told_in_one_sentence_on_stderr(
    awaits: Awaits, args: str, sentence: str
) -> None:
    assert awaits("fetch", *args.split()) == (2, "", f"awaits: {sentence}\n")


def test_the_lines_go_to_any_output(awaits: Awaits, monkeypatch: pytest.MonkeyPatch) -> None:
    output = io.StringIO()
    monkeypatch.setattr(sys, "stdout", output)

    assert awaits("fetch", "x") == (1, "", "")
    assert "\tinvalid URL: " in output.getvalue()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_proxy_that_makes_no_sense_is_told_in_one_sentence(
    awaits: Awaits, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("HTTP_PROXY", "gopher://x")

    code, out, err = awaits("fetch", "x", "--backend", backend)

    assert (code, out) == (2, "")
    assert err.startswith("awaits: Check HTTP_PROXY, ")


def test_a_missing_library_is_told_with_what_to_install(
    awaits: Awaits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "stamina.instrumentation", None)

    code, out, err = awaits("fetch", "x")

    assert (code, out) == (2, "")
    assert err.endswith(
        f"is not installed; install it with: pip install '{checks.distribution()}[http]'\n"
    )


async def test_after_kill_9_every_finished_call_is_there_and_only_the_rest_is_made(
    server: Server, tmp_path: Path, backend: str
) -> None:
    urls = tmp_path / "urls.txt"
    urls.write_text("".join(f"{server.url}/delay/0.001?{n // 2}\n" for n in range(400)))
    file = tmp_path / "calls.db"
    command = ["--file", str(urls), "--save", str(file), "--backend", backend]

    async with await anyio.open_process([*AWAITS, "fetch", *command]) as process:
        assert process.stdout is not None
        output = BufferedByteReceiveStream(process.stdout)
        lines = [await output.receive_until(b"\n", 1000) for _ in range(200)]
        process.kill()
        while True:
            try:
                lines.append(await output.receive_until(b"\n", 1000))
            except (anyio.EndOfStream, anyio.IncompleteRead):
                break
    assert process.returncode == -signal.SIGKILL

    printed = Counter(line.split(b"\t")[4].decode() for line in lines)
    saved = Counter(urls_saved(file))
    assert printed <= saved  # a line is printed when its row is there
    assert 200 <= saved.total() < 400
    asked_before = server.asked.total()

    code, out, err = await fetch(*command)

    assert (code, err) == (0, "")
    n_saved = saved.total()
    assert f"{400 - n_saved} done, 0 failed in 0.000 s; {n_saved} were saved before" in (
        without_seconds(out)
    )
    assert server.asked.total() == asked_before + 400 - n_saved
    assert len(urls_saved(file)) == 400


def urls_saved(file: Path) -> list[str]:
    connection = sqlite3.connect(file)
    found: list[tuple[str]] = connection.execute("SELECT url FROM calls").fetchall()
    connection.close()
    return [url for (url,) in found]


async def test_ctrl_c_cancels_the_calls_and_says_how_many_were_done(
    server: Server, tmp_path: Path, backend: str
) -> None:
    file = tmp_path / "calls.db"
    urls = [f"{server.url}/{path}" for path in ("ok", "404", "silent", "silent", "silent")]
    command = [*AWAITS, "fetch", *urls, "--limit=2", "--save", str(file), "--backend", backend]

    async with await anyio.open_process(command) as process:
        while server.asked["/silent"] < 2:  # noqa: ASYNC110 the server has no event for it
            await anyio.sleep(0.001)
        process.send_signal(signal.SIGINT)
        await process.wait()
        assert process.stderr is not None
        err = await BufferedByteReceiveStream(process.stderr).receive_until(b"\n", 1000)

    assert process.returncode == 130
    assert err == b"awaits: interrupted; 1 done, 1 failed."
    assert sorted(urls_saved(file)) == sorted(urls[:2])


async def test_ctrl_c_ends_the_wait_for_a_pipe(server: Server) -> None:
    async with await anyio.open_process([*AWAITS, "fetch", "--file", "-", server.url]) as process:
        while not server.asked:  # noqa: ASYNC110 the server has no event for it
            await anyio.sleep(0.001)
        process.send_signal(signal.SIGINT)
        with anyio.fail_after(10):
            await process.wait()

    assert process.returncode == 130


async def test_a_reader_that_leaves_ends_the_program_quietly(server: Server, backend: str) -> None:
    command = [*AWAITS, "fetch", f"{server.url}/delay/0.2", server.url, "--backend", backend]

    def leave() -> tuple[bytes, int]:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.close()
            return process.communicate()[1], process.returncode

    assert await anyio.to_thread.run_sync(leave) == (b"", 1)


async def test_a_terminal_shows_who_waits_and_what_failed(server: Server) -> None:
    urls = [f"{server.url}/404", f"{server.url}/silent?[red]"]
    ours, theirs = pty.openpty()
    shown = ""
    async with await anyio.open_process(
        [*AWAITS, "fetch", *urls], stdout=theirs, env={**os.environ, "TERM": "xterm"}
    ) as process:
        os.close(theirs)
        while "0 done, 1 failed, 1 waiting" not in shown or "s left" not in shown:
            await anyio.wait_readable(ours)
            shown = re.sub(r"\x1b\[.*?[a-zA-Z]", "", shown + os.read(ours, 1024).decode())
        process.send_signal(signal.SIGINT)
        await process.wait()
    os.close(ours)

    assert process.returncode == 130
    assert urls[1] in shown
