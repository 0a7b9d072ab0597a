"""`awaits compare`, and the timelines of `awaits run`, as a user types them."""

import io
import os
import signal
import subprocess
import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path
from unittest import mock

import pytest
from rich.console import Console

from awaits.cli.table import Comparison
from awaits.compare.measure import Failed, Measured
from awaits.timeline import Span
from tests.cli.command import Awaits

TASKS = [Span(1, 0.0, 1.0), Span(2, 1.0, 2.0)]
HEAD = "strategy           seconds  CPU seconds  speed-up  memory, MB\n"


def given_measurements(
    **results: Measured | Failed | BaseException,
) -> AbstractContextManager[object]:
    """Stand in for measuring: the results by strategy; one task alone takes half a second."""

    def measure(
        strategy: str, _workload: str, n_tasks: int, _scheduler: str | None = None
    ) -> Measured | Failed:
        result = results[strategy]
        if isinstance(result, BaseException):
            raise result
        return Measured(0.5, 0.0, 0, TASKS[:1]) if n_tasks == 1 else result

    return mock.patch("awaits.compare.measure.measure", measure)


def test_a_row_for_each_strategy_then_what_they_say(awaits: Awaits) -> None:
    with (
        mock.patch("awaits.compare.announced.time.monotonic", side_effect=[0.0, 0.75]),
        mock.patch("awaits.cli.table.CORES", 2),
        mock.patch("awaits.cli.table.announced.at_most", return_value=15.1),
        given_measurements(
            sequential=Measured(2.0, 0.02, 20_000_000, TASKS),
            asyncio=Measured(0.1, 0.012, 31_600_000, TASKS),
            trio=Failed("needs trio; install it"),
            dask=Measured(4.0, None, 200_400_000, TASKS),
        ),
    ):
        result = awaits("compare", "-n", "2", "--strategies", "asyncio,trio,dask")

    assert result == (
        0,
        (
            "2 tasks of pause, on 2 cores. One, tried alone, took 0.5 s.\n"
            "If none takes longer, this takes at most 16 s.\n"
            f"\n{HEAD}"
            "sequential            2.00         0.02       1.0          20\n"
            "asyncio               0.10         0.01      20.0          32\n"
            "trio               needs trio; install it\n"
            "dask                  4.00    elsewhere       0.5         200\n"
            "\nThe tasks waited 99% of their time and computed 1%. I would choose asyncio, 20.0\n"
            "times as fast, or stay with one after another if 2 s is fast enough.\n"
        ),
        "",
    )


def test_without_one_after_another_nothing_is_a_speed_up(awaits: Awaits) -> None:
    with given_measurements(
        sequential=Failed("failed: ValueError: no"), threads=Measured(1.0, 0.5, 0, TASKS)
    ):
        # One task alone went well.
        code, out, _ = awaits("compare", "-n", "2", "--strategies", "threads")

    assert code == 0
    assert "threads               1.00         0.50         ?           0\n" in out


def test_it_fails_when_nothing_could_be_measured(awaits: Awaits) -> None:
    no = Failed("failed: ValueError: no")
    with given_measurements(sequential=no, threads=no):
        code, out, _ = awaits("compare", "-n", "2", "--strategies", "threads")

    assert code == 1
    assert out.endswith("There is nothing to compare, so nothing to advise.\n")


def test_it_fails_when_nothing_that_was_asked_for_could_be_measured(awaits: Awaits) -> None:
    with given_measurements(
        sequential=Measured(2.0, 0.5, 0, TASKS), threads=Failed("failed: ValueError: no")
    ):
        code, out, _ = awaits("compare", "-n", "2", "--strategies", "threads")

    assert code == 1
    assert out.endswith("There is nothing to compare, so nothing to advise.\n")


def test_one_task_is_one_task(awaits: Awaits) -> None:
    with given_measurements(sequential=Measured(2.0, 0.0, 0, TASKS)):
        code, out, _ = awaits("compare", "-n", "1", "--strategies", "sequential")

    assert code == 0
    assert out.startswith("1 task of pause, ")


def test_the_timelines_of_all_strategies_are_drawn(awaits: Awaits, tmp_path: Path) -> None:
    file = tmp_path / "picture.svg"
    with given_measurements(
        sequential=Measured(2.0, 0.0, 0, TASKS), threads=Measured(1.0, 0.0, 0, TASKS[:1])
    ):
        _, out, _ = awaits(
            "compare", "-n", "2", "--strategies", "threads", "--timeline", "--plot", str(file)
        )

    assert out.split(" is fast enough.\n")[1].splitlines() == [
        "sequential",
        "Task 1 " + "━" * 36,
        "Task 2 " + " " * 36 + "━" * 37,
        "threads",
        "Task 1 " + "━" * 36,
        "       0" + "2 s".rjust(72),
    ]
    assert ">threads</text>" in file.read_text()


def test_an_interrupted_comparison_shows_what_it_has(awaits: Awaits, tmp_path: Path) -> None:
    file = tmp_path / "picture.svg"
    with given_measurements(sequential=Measured(2.0, 0.0, 0, TASKS), asyncio=KeyboardInterrupt()):
        code, out, err = awaits(
            "compare", "-n", "2", "--strategies", "asyncio", "--timeline", "--plot", str(file)
        )

    assert code == 130
    assert "sequential            2.00 " in out
    assert "Task 2 " in out
    assert "I would choose" not in out
    assert err == "awaits: interrupted; 1 of 2 strategies were measured.\n"
    assert ">sequential</text>" in file.read_text()


def test_a_comparison_that_is_interrupted_before_it_began_has_nothing(awaits: Awaits) -> None:
    with given_measurements(sequential=KeyboardInterrupt()):
        result = awaits("compare", "--strategies", "threads")

    assert result == (130, "", "awaits: interrupted; 0 of 2 strategies were measured.\n")


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ("-n 0", "-n must be a whole number of at least 1, not 0."),
        ("-n -5", "-n must be a whole number of at least 1, not -5."),
        ("-n few", "-n must be a whole number of at least 1, not 'few'."),
        (
            "--strategies luck",
            (
                "There is no strategy 'luck'; choose from sequential, asyncio, trio, threads, "
                "processes, processes+asyncio, dask."
            ),
        ),
        (
            "--workload work",
            (
                "There is no workload 'work'; choose from pause, cpu, mixed, or name a function of "
                "yours as package.module:function."
            ),
        ),
        ("--plot picture.gif", "picture.gif must end in .svg or .png."),
    ],
)
def test_bad_input_is_told_in_one_sentence_on_stderr(
    awaits: Awaits, args: str, sentence: str
) -> None:
    assert awaits("compare", *args.split()) == (2, "", f"awaits: {sentence}\n")


def test_a_task_that_fails_alone_is_told_in_one_sentence(awaits: Awaits) -> None:
    command = "compare", "--strategies", "threads", "--workload"
    code, out, err = awaits(*command, "math:factorial", "-n", "2")
    assert code == 0, err
    assert "too short to compare" in out

    assert awaits(*command, "json:loads") == (
        2,
        "",
        (
            "awaits: One task of json:loads, tried alone, failed: TypeError: the JSON object must "
            "be str, bytes or bytearray, not int.\n"
        ),
    )


def test_a_picture_that_cannot_be_written_in_the_end_is_told(
    awaits: Awaits, tmp_path: Path
) -> None:
    file = tmp_path / "picture.svg"
    with mock.patch("matplotlib.figure.Figure.savefig", side_effect=OSError(28, "No space left")):
        code, out, err = awaits("run", "3", "--virtual", "--plot", str(file))

    assert (code, out.count("done")) == (2, 3)
    assert err == f"awaits: {file} cannot be written: No space left.\n"


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_run_draws_its_timeline_below_its_lines(
    awaits: Awaits, backend: str, tmp_path: Path
) -> None:
    file = tmp_path / "picture.svg"
    seed = "--seed", "37627", "--virtual", "--backend", backend
    _, lines, _ = awaits("run", "3", *seed)

    code, out, err = awaits("run", "3", *seed, "--timeline", "--plot", str(file))

    assert (code, err) == (0, "")
    assert out == lines + (
        f"Task 1 {'━' * 73}\nTask 2 {'━' * 61}\nTask 3 {'━' * 67}\n       0{'12 s':>72}\n"
    )
    drawn = file.read_bytes()
    awaits("run", "3", *seed, "--plot", str(file))
    assert file.read_bytes() == drawn


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_interrupted_run_draws_what_it_has(awaits: Awaits, backend: str) -> None:
    with mock.patch("awaits.tasks.anyio.sleep", side_effect=KeyboardInterrupt):
        code, out, err = awaits("run", "1", "--timeline", "--backend", backend)

    assert code == 130
    assert out.splitlines()[3].startswith("Task 1 ")
    assert out.splitlines()[3].endswith("━")
    assert err == "awaits: interrupted; 0 of 1 tasks were done.\n"


def test_where_there_are_no_such_letters_a_timeline_has_others() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "awaits", "run", "2", "--virtual", "--timeline"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert "Task 1 =====" in printed


def test_a_terminal_shows_what_is_being_measured() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, color_system=None, legacy_windows=False)
    comparison = Comparison("pause", 2, ["sequential", "threads"])
    with given_measurements(
        sequential=Measured(2.0, 0.0, 0, TASKS), threads=Measured(1.0, 0.0, 0, TASKS)
    ):
        comparison.run(console, live=True)

    assert "sequential (1 of 2)" in screen.getvalue()
    assert "threads (2 of 2)" in screen.getvalue()


SHOP = """
import multiprocessing, os, pathlib, threading, time

def buy(number):
    in_thread = threading.current_thread() is not threading.main_thread()
    if in_thread or multiprocessing.parent_process():
        pathlib.Path(f"{os.getpid()}.pid").touch()
        time.sleep(3600)
"""


@pytest.mark.parametrize("strategy", ["threads", "processes"])
def test_ctrl_c_ends_all_processes_and_keeps_the_rows(strategy: str, tmp_path: Path) -> None:
    tmp_path.joinpath("shop.py").write_text(SHOP)
    command = [sys.executable, "-m", "awaits", "compare", "--workload", "shop:buy", "-n", "3"]
    with subprocess.Popen(
        [*command, "--strategies", f"asyncio,{strategy}"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while not (started := list(tmp_path.glob("*.pid"))):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        try:
            out, err = process.communicate(timeout=60)  # each of the processes has its stderr
        except subprocess.TimeoutExpired:
            for it in started:
                os.kill(int(it.stem), signal.SIGKILL)
            raise

    assert process.returncode == 130
    assert "\nasyncio  " in out
    assert err == "awaits: interrupted; 2 of 3 strategies were measured.\n"
