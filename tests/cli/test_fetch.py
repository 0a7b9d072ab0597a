"""`awaits fetch` as a user types it, against a real server on loopback.

What needs a process is one: signals, terminals, readers that leave. The rest runs in this one.
"""

import io
import os
import pty
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina.instrumentation
from anyio.from_thread import start_blocking_portal

from awaits import checks
from awaits.testing import backends
from tests.cli.command import AWAITS, Awaits
from tests.misbehaving import Server, misbehaving

every_backend = pytest.mark.parametrize("backend", backends.NAMES)


@pytest.fixture(autouse=True)
def without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def server() -> Iterator[Server]:
    """A server on an event loop of its own, in a thread."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(misbehaving()) as it,
    ):
        yield it


def without_seconds(line: str) -> str:
    return re.sub(r"\d+\.\d{3}", "0.000", line)


@every_backend
def test_each_call_is_a_line_and_a_summary_comes_last(
    awaits: Awaits, server: Server, backend: str
) -> None:
    url = server.url
    code, out, err = awaits("fetch", f"{url}/ok", f"{url}/404", "--limit=1", "--backend", backend)

    assert (code, err) == (1, "")
    assert [without_seconds(line) for line in out.splitlines()] == [
        f"1\t200\t5\t0.000\t{url}/ok",
        f"2\t404\t5\t0.000\t{url}/404\t404 Not Found",
        "1 done, 1 failed in 0.000 s",
    ]


def test_the_exit_code_is_0_when_no_call_failed(awaits: Awaits, server: Server) -> None:
    code, out, err = awaits("fetch", server.url)

    assert (code, err) == (0, "")
    assert out.endswith("\n1 done, 0 failed in " + out.split()[-2] + " s\n")


def test_urls_come_from_a_file_too(awaits: Awaits, server: Server, tmp_path: Path) -> None:
    file = tmp_path / "urls.txt"
    file.write_bytes(f"# three\n{server.url}/a\n\n{server.url}/b\n".encode() + b"http://\xff\n")

    code, out, err = awaits("fetch", f"{server.url}/first", "--file", str(file), "--limit=1")

    assert (code, err) == (1, "")
    assert list(server.asked) == ["/first", "/a", "/b"]
    assert "4\t-\t0\t0.000\thttp://\\udcff\tinvalid URL: " in without_seconds(out)


@every_backend
def test_urls_come_from_stdin(
    awaits: Awaits, server: Server, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads, writes = os.pipe()
    os.write(writes, f"{server.url}/a\n{server.url}/b".encode())
    os.close(writes)
    with os.fdopen(reads) as ours:
        monkeypatch.setattr(sys, "stdin", ours)
        code, _, err = awaits("fetch", "--file=-", "--backend", backend)

    assert (code, err) == (0, "")
    assert set(server.asked) == {"/a", "/b"}


def test_the_options_reach_the_calls(awaits: Awaits, server: Server) -> None:
    urls = [f"{server.url}/silent", f"{server.url}/endless", f"{server.url}/flaky/1"]
    code, out, err = awaits("fetch", *urls, "--timeout=0.5", "--max-bytes=100", "--retries=1")

    assert (code, err) == (1, "")
    assert "no whole reply within 0.5 s" in out
    assert "the body is longer than 100 bytes" in out
    assert f"\t200\t5\t0.000\t{urls[2]}\n" in without_seconds(out)
    assert server.asked == {"/silent": 2, "/endless": 1, "/flaky/1": 2}


def test_a_call_that_is_tried_again_is_not_logged(
    awaits: Awaits, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    stamina.instrumentation.set_on_retry_hooks(None)  # as when a process begins
    awaits("fetch", f"{server.url}/flaky/1", "--retries=1")

    assert server.asked.total() == 2
    assert caplog.records == []


def test_letters_that_the_output_does_not_know_are_escaped(
    awaits: Awaits, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(printed, "ascii", write_through=True))

    assert awaits("fetch", f"{server.url}/ä") == (0, "", "")
    assert f"{server.url}/\\xe4\n".encode() in printed.getvalue()


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ("", "Give at least one URL, or --file; see awaits fetch --help."),
        ("--file /no/such", "Cannot read /no/such: No such file or directory."),
        ("--file /", "Cannot read /: Is a directory."),
        ("x --limit 0", "limit must be a whole number of at least 1, not 0."),
        ("x --limit few", "limit must be a whole number of at least 1, not 'few'."),
        ("x --retries -1", "retries must be a whole number of at least 0, not -1."),
        ("x --max-bytes 1.5", "--max-bytes must be a whole number of at least 0, not '1.5'."),
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


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_after_kill_9_every_finished_call_is_there_and_only_the_rest_is_made(
    awaits: Awaits, server: Server, tmp_path: Path, backend: str
) -> None:
    urls = tmp_path / "urls.txt"
    urls.write_text("".join(f"{server.url}/delay/0.001?{n // 2}\n" for n in range(200)))
    file = tmp_path / "calls.db"
    command = ["fetch", "--file", str(urls), "--save", str(file), "--backend", backend]

    with subprocess.Popen([*AWAITS, *command], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(100)]
        process.kill()
        lines += [line for line in process.stdout if line.endswith(b"\n")]
    assert process.returncode == -signal.SIGKILL

    printed = Counter(line.split(b"\t")[4].strip().decode() for line in lines)
    saved = Counter(urls_saved(file))
    assert printed <= saved  # a line is printed when its row is there
    assert 100 <= saved.total() < 200
    asked_before = server.asked.total()

    code, out, err = awaits(*command)

    assert (code, err) == (0, "")
    n_saved = saved.total()
    assert f"{200 - n_saved} done, 0 failed in 0.000 s; {n_saved} were saved before" in (
        without_seconds(out)
    )
    assert server.asked.total() == asked_before + 200 - n_saved
    assert len(urls_saved(file)) == 200


def urls_saved(file: Path) -> list[str]:
    connection = sqlite3.connect(file)
    found: list[tuple[str]] = connection.execute("SELECT url FROM calls").fetchall()
    connection.close()
    return [url for (url,) in found]


@every_backend
def test_ctrl_c_cancels_the_calls_and_says_how_many_were_done(
    server: Server, tmp_path: Path, backend: str
) -> None:
    file = tmp_path / "calls.db"
    urls = [f"{server.url}/{path}" for path in ("ok", "404", "silent", "silent", "silent")]
    command = [*AWAITS, "fetch", *urls, "--limit=2", "--save", str(file), "--backend", backend]

    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        while server.asked["/silent"] < 2:
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        err = process.communicate()[1]

    assert process.returncode == 130
    assert err == b"awaits: interrupted; 1 done, 1 failed.\n"
    assert sorted(urls_saved(file)) == sorted(urls[:2])


def test_ctrl_c_ends_the_wait_for_a_pipe(server: Server) -> None:
    command = [*AWAITS, "fetch", "--file", "-", server.url]

    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        while not server.asked:
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_reader_that_leaves_ends_the_program_quietly(server: Server, backend: str) -> None:
    command = [*AWAITS, "fetch", f"{server.url}/delay/0.2", server.url, "--backend", backend]

    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.communicate()[1] == b""
    assert process.returncode == 1


def test_a_terminal_shows_who_waits_and_what_failed(server: Server) -> None:
    urls = [f"{server.url}/404", f"{server.url}/silent?[red]"]
    ours, theirs = pty.openpty()
    shown = ""
    environment = {**os.environ, "TERM": "xterm"}
    with subprocess.Popen([*AWAITS, "fetch", *urls], stdout=theirs, env=environment) as process:
        os.close(theirs)
        while "0 done, 1 failed, 1 waiting" not in shown or "s left" not in shown:
            shown = re.sub(r"\x1b\[.*?[a-zA-Z]", "", shown + os.read(ours, 1024).decode())
        process.send_signal(signal.SIGINT)
        process.wait()
    os.close(ours)

    assert process.returncode == 130
    assert urls[1] in shown
