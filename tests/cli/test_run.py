import os
import pty
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import pytest

from awaits import checks
from awaits.testing import backends
from tests.cli.command import AWAITS, Awaits

HEADER = "Task #\tTime\n-------------\n"

every_backend = pytest.mark.parametrize("backend", backends.NAMES)


@every_backend
@mock.patch("awaits.tasks.anyio.sleep", mock.AsyncMock())
@mock.patch("awaits.tasks.random.randrange", side_effect=[30, 10, 59])
def test_run_prints_the_lines_of_the_program_and_nothing_else(
    randrange: mock.Mock, awaits: Awaits, backend: str
) -> None:
    assert awaits("run", "3", "--limit", "1", "--backend", backend) == (
        0,
        f"{HEADER}1\t30\nTask 1 done\n2\t10\nTask 2 done\n3\t59\nTask 3 done\n",
        "",
    )
    assert randrange.call_count == 3


@mock.patch("awaits.tasks.anyio.sleep", mock.AsyncMock())
def test_run_runs_twenty_tasks_unless_told_otherwise(awaits: Awaits) -> None:
    assert awaits("run")[1].count("done") == 20


@mock.patch("awaits.tasks.anyio.sleep", mock.AsyncMock())
def test_the_same_seed_draws_the_same_seconds_on_every_event_loop(awaits: Awaits) -> None:
    lines = {awaits("run", "5", "--seed", "7", "--backend", name)[1] for name in backends.NAMES}

    assert len(lines) == 1
    assert awaits("run", "5", "--seed", "8")[1] not in lines


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_virtual_prints_the_same_lines_at_once(awaits: Awaits, backend: str) -> None:
    code, out, _ = awaits("run", "3", "--seed", "37627", "--virtual", "--backend", backend)

    numbers = random.Random(37627)
    seconds = {number: numbers.randrange(10, 60) for number in (1, 2, 3)}
    order = sorted(seconds, key=lambda number: seconds[number])
    assert code == 0
    assert out == HEADER + "".join(
        [f"{number}\t{it}\n" for number, it in seconds.items()]
        + [f"Task {number} done\n" for number in order]
    )


@every_backend
def test_no_tasks_print_the_header_alone(awaits: Awaits, backend: str) -> None:
    assert awaits("run", "0", "--backend", backend) == (0, HEADER, "")


@mock.patch("awaits.hello.anyio.sleep", mock.AsyncMock())
def test_hello_runs_the_first_program(awaits: Awaits) -> None:
    assert awaits("hello") == (0, "Hello...\n... World!\n", "")


def test_the_version_is_printed(awaits: Awaits) -> None:
    assert awaits("--version") == (0, f"awaits {checks.version()}\n", "")


def test_without_a_command_the_help_is_printed(awaits: Awaits) -> None:
    code, out, err = awaits()

    assert code == 2
    assert "Usage: awaits" in out
    assert err == ""


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ("run -1", "n_tasks must be a whole number of at least 0, not -1."),
        ("run -- -15", "n_tasks must be a whole number of at least 0, not -15."),
        ("run twenty", "n_tasks must be a whole number of at least 0, not 'twenty'."),
        ("run 2.5", "n_tasks must be a whole number of at least 0, not '2.5'."),
        ("run --bakend trio", "There is no option --bakend; see awaits run --help."),
        ("run --limit 0", "limit must be a whole number of at least 1, not 0."),
        ("run --limit -3", "limit must be a whole number of at least 1, not -3."),
        ("run --limit few", "limit must be a whole number of at least 1, not 'few'."),
        ("run --seed x", "seed must be a whole number, not 'x'."),
        (
            "run --backend curio",
            "There is no event loop 'curio'; choose from asyncio, trio, asyncio+uvloop.",
        ),
        (
            "run --virtual --backend asyncio+uvloop",
            (
                "asyncio+uvloop has neither virtual time nor another order of its tasks, because "
                "it keeps its own timers and queue; choose asyncio or trio."
            ),
        ),
        ("run --backend", "Option '--backend' requires an argument; see awaits --help."),
        ("run 3 --nope", "There is no option --nope; see awaits run --help."),
        ("run 3 --nope 4", "There is no option --nope; see awaits run --help."),
        ("run -x", "There is no option -x; see awaits run --help."),
        ("run 3 4", "Give one number of tasks, not 4 as well."),
        ("run 3 -1", "Give one number of tasks, not -1 as well."),
        ("walk", "No such command 'walk'; see awaits --help."),
    ],
)
def test_bad_input_is_told_in_one_sentence_on_stderr(
    awaits: Awaits, args: str, sentence: str
) -> None:
    assert awaits(*args.split()) == (2, "", f"awaits: {sentence}\n")


def test_a_missing_trio_is_told_with_what_to_install(
    awaits: Awaits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "trio", None)

    assert awaits("run", "--backend", "trio") == (
        2,
        "",
        "awaits: The event loop 'trio' is not installed; install it with: pip install trio\n",
    )


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_can_complete_the_commands(awaits: Awaits, shell: str) -> None:
    with mock.patch.dict(os.environ, {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}):
        code, out, _ = awaits("--show-completion", shell)

    assert code == 0
    assert "_AWAITS_COMPLETE" in out


def test_a_shell_can_complete_the_event_loops() -> None:
    words = {"_AWAITS_COMPLETE": "complete_bash", "COMP_WORDS": "awaits run --backend t"}
    completed = subprocess.run(
        AWAITS,
        env={**os.environ, **words, "COMP_CWORD": "3"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert completed.stdout.split() == ["trio"]


@pytest.fixture
def started() -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """A program of its own: `awaits run 3`, once all tasks have printed their seconds."""
    processes: list[subprocess.Popen[str]] = []

    def start(backend: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*AWAITS, "run", "3", "--backend", backend],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == HEADER.splitlines(keepends=True)
        assert [process.stdout.readline()[0] for _ in range(3)] == ["1", "2", "3"]
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@every_backend
def test_ctrl_c_cancels_the_tasks_and_says_how_many_were_done(
    started: Callable[[str], subprocess.Popen[str]], backend: str
) -> None:
    process = started(backend)

    process.send_signal(signal.SIGINT)
    out, err = process.communicate()

    assert (process.returncode, out) == (130, "")
    assert err == "awaits: interrupted; 0 of 3 tasks were done.\n"


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_reader_that_leaves_ends_the_program_quietly(backend: str) -> None:
    process = subprocess.Popen(
        [*AWAITS, "run", "3", "--backend", backend], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()

    assert process.communicate()[1] == b""
    assert process.returncode == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize(
    "command",
    [
        "hello",
        "run 3 --virtual",
        "run 3 --virtual --backend trio",
        "fetch http://127.0.0.1:1/",
        "--help",
    ],
)
def test_a_full_disk_is_told_in_one_sentence(command: str) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [*AWAITS, *command.split()],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "NO_PROXY": "127.0.0.1"},
            check=False,
        )

    assert ended.stderr == "awaits: there is no space left to write the output.\n"
    assert ended.returncode == 1


@pytest.mark.parametrize(
    ("command", "closed", "code", "out", "err"),
    [
        ("--version", ">&-", 0, "", ""),
        ("run 2 --virtual --timeline", ">&-", 0, "", ""),
        ("walk", ">&-", 2, "", "awaits: No such command 'walk'; see awaits --help.\n"),
        ("walk", "2>&-", 2, "", ""),
        ("run 0", "<&-", 0, HEADER, ""),
        (
            "fetch --file -",
            "<&-",
            2,
            "",
            "awaits: Cannot read -, because stdin is closed; give a file or a pipe.\n",
        ),
    ],
)
def test_what_is_closed_is_no_traceback(
    command: str, closed: str, code: int, out: str, err: str
) -> None:
    shell = ["/bin/sh", "-c", f'exec "$0" "$@" {closed}']
    ended = subprocess.run(
        [*shell, *AWAITS, *command.split()], capture_output=True, text=True, check=False
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (code, out, err)


# pytest-xdist has threads, of which Python 3.15 warns; what is forked here runs another program.
@pytest.mark.filterwarnings("ignore:.*forkpty:DeprecationWarning")
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_terminal_shows_who_waits_until_ctrl_c_gives_it_back(
    backend: str, tmp_path: Path
) -> None:
    errors = tmp_path / "stderr"
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm"
        os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT), 2)
        os.execv(sys.executable, [*AWAITS, "run", "3", "--backend", backend])
    shown = b""
    while b"s left" not in shown:
        shown += os.read(terminal, 1024)

    os.write(terminal, b"\x03")
    while chunk := _read(terminal):
        shown += chunk
    _, status = os.waitpid(pid, 0)

    assert os.waitstatus_to_exitcode(status) == 130
    assert b"Task 1 " in shown
    assert b"\x1b[?25l" in shown  # the cursor is hidden,
    assert shown.rstrip().rpartition(b"\x1b[?25")[2].startswith(b"h")  # and shown again at the end
    assert errors.read_text() == "awaits: interrupted; 0 of 3 tasks were done.\n"


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1024)
    except OSError:  # Linux says so when the other side has closed
        return b""


@pytest.mark.slow
@every_backend
def test_the_program_ends_when_its_longest_task_does(backend: str) -> None:
    before = time.monotonic()
    completed = subprocess.run(
        [*AWAITS, "run", "3", "--seed", "6", "--backend", backend],
        capture_output=True,
        text=True,
        check=True,
    )

    lines = completed.stdout.splitlines()
    seconds = {line.split("\t")[0]: int(line.split("\t")[1]) for line in lines[2:5]}
    order = sorted(seconds, key=lambda number: seconds[number])
    assert lines[5:] == [f"Task {number} done" for number in order]
    assert time.monotonic() - before >= max(seconds.values())
