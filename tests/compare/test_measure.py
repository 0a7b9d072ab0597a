"""A strategy measured: in a process of its own, whatever happens there."""

import contextlib
import importlib.util
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import anyio
import pytest

from awaits.checks import distribution
from awaits.compare.measure import Failed, Measured, measure, measure_here
from awaits.compare.strategies import STRATEGIES
from awaits.compare.work import Work
from awaits.timeline import Span

SHOP = """
import asyncio, os, sys, time
import anyio

def look(number): print("noise"); time.sleep(0.01)
async def order(number): await anyio.sleep(0.01)
def pay(number): raise ValueError(f"no money\\nfor {number}")
def leave(number): os._exit(7)
def exit(number): sys.exit(3)
async def crash(number): anyio.run(anyio.sleep, 0)
ask = lambda number: None

async def forget(number):
    global kept
    kept = asyncio.get_running_loop().create_future()
    kept.set_exception(TimeoutError("Timeout"))
"""


@pytest.fixture(autouse=True)
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's module, in the current directory."""
    tmp_path.joinpath("shop.py").write_text(SHOP)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("strategy", [name for name in STRATEGIES if name != "dask"])
@pytest.mark.parametrize("function", ["look", "order"])
def test_each_task_of_a_user_s_function_runs_once(
    strategy: str, function: str, capfd: pytest.CaptureFixture[str]
) -> None:
    result = measure(strategy, f"shop:{function}", 3)

    assert isinstance(result, Measured), result
    assert [span.task_number for span in result.spans] == [1, 2, 3]
    assert all(0 <= span.began <= span.ended <= result.seconds for span in result.spans)
    assert result.cpu_seconds is not None
    assert result.memory > 1_000_000
    assert capfd.readouterr() == ("", "")


def test_each_process_needs_memory() -> None:
    in_one, in_two = (measure(name, "pause", 4) for name in ("sequential", "processes"))

    assert isinstance(in_one, Measured)
    assert isinstance(in_two, Measured)
    workers = {span.process: span.peak for span in in_two.spans}
    assert in_two.memory > sum(workers.values())  # the process that shares out has some, too
    assert in_two.memory > in_one.memory


def test_waiting_needs_next_to_no_processor_time_and_computing_does() -> None:
    waiting, computing = (measure("sequential", name, 3) for name in ("pause", "cpu"))

    assert isinstance(waiting, Measured)
    assert isinstance(computing, Measured)
    assert waiting.cpu_seconds is not None
    assert computing.cpu_seconds is not None
    assert waiting.cpu_seconds < waiting.seconds / 2
    assert waiting.cpu_seconds < computing.cpu_seconds / 2


def test_what_a_strategy_imports_is_not_measured() -> None:
    done: list[int] = []

    def strategy(_work: Work, n_tasks: int) -> list[Span]:
        done.append(n_tasks)
        return []

    measure_here(strategy, Work(abs, abs), 3)
    assert done == [0, 3]

    with mock.patch("awaits.compare.strategies.in_tasks_on_asyncio") as event_loop:
        measure_here(strategy, Work(abs, abs), 3)
        event_loop.assert_not_called()
        measure_here(strategy, Work(anyio.sleep, anyio.sleep), 3)
        event_loop.assert_called_once()


@pytest.mark.parametrize("peaks", [(3, 5), (5, 3)])
def test_the_highest_peak_of_each_process_counts(peaks: tuple[int, int]) -> None:
    def strategy(_work: Work, _n_tasks: int) -> list[Span]:
        return [Span(number, 0.0, 0.0, "there", peak) for number, peak in enumerate(peaks, 1)]

    ours = Span(0, 0.0, 0.0, "here", 100)
    with mock.patch("awaits.compare.measure.until_now", return_value=ours):
        assert measure_here(strategy, Work(abs, abs), 2).memory == 105


@pytest.mark.parametrize(
    ("strategy", "function", "reason"),
    [
        ("threads", "pay", "failed: ValueError: no money"),
        ("trio", "pay", "failed: ValueError: no money"),
        ("processes", "pay", "failed: ValueError: no money"),
        ("dask", "pay", "failed: ValueError: no money"),
        ("asyncio", "crash", "failed: RuntimeError: Already running asyncio in this thread"),
        ("sequential", "exit", "failed: SystemExit: 3"),
        ("sequential", "leave", "failed: its process ended with 7 and said nothing"),
    ],
)
def test_a_function_that_fails_is_that_strategy_s_failure(
    strategy: str, function: str, reason: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert measure(strategy, f"shop:{function}", 1) == Failed(reason)
    printed, logged = capfd.readouterr()
    assert printed == ""
    # On a busy machine, an old distributed logs that a part of it did not close in time.
    assert logged == "" or (strategy == "dask" and "Timeout" in logged)


def test_what_the_work_left_behind_is_not_told_of_at_the_end(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert isinstance(measure("asyncio", "shop:forget", 1), Measured)
    assert capfd.readouterr() == ("", "")


def test_a_function_that_cannot_be_sent_to_a_process_fails_there_and_not_in_threads() -> None:
    in_processes = measure("processes", "shop:ask", 2)
    assert isinstance(in_processes, Failed)
    assert "PicklingError: the function cannot be sent to another process" in in_processes.reason

    assert isinstance(measure("threads", "shop:ask", 2), Measured)


def test_ctrl_c_is_ctrl_c_when_the_process_ends_meanwhile() -> None:
    def interrupted(process: subprocess.Popen[bytes]) -> None:
        process.wait()  # as subprocess does after Ctrl-C, for a moment
        raise KeyboardInterrupt

    with (
        mock.patch.object(subprocess.Popen, "communicate", interrupted),
        pytest.raises(KeyboardInterrupt),
    ):
        measure("sequential", "math:factorial", 1)


def test_work_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^There is no workload 'sleep'; "):
        measure("sequential", "sleep", 1)


@pytest.mark.parametrize(("strategy", "extra"), [("trio", "trio"), ("dask", "distributed")])
def test_a_missing_library_is_told_with_what_to_install(
    strategy: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_spec(name: str) -> object:
        return None if name == extra else name

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)

    assert measure(strategy, "pause", 1) == Failed(
        f"{extra} is not installed; install it with: pip install '{distribution()}[{extra}]'"
    )


def test_windows_is_told_that_it_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", {}.get)

    with pytest.raises(ValueError, match=r"^Windows does not tell what awaits compare measures; "):
        measure("sequential", "pause", 1)


def test_a_dask_cluster_of_ours_does_the_work_and_takes_no_port_that_others_may_have(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with socket.socket() as other:
        with contextlib.suppress(OSError):  # it may be another's already
            other.bind(("127.0.0.1", 8787))
            other.listen()
        result = measure("dask", "shop:look", 3)

    assert isinstance(result, Measured), result
    assert [span.task_number for span in result.spans] == [1, 2, 3]
    assert result.cpu_seconds is not None
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def cluster() -> Iterator[tuple[str, str]]:
    """A Dask cluster that is not ours: its address, and the process that does its work."""
    code = (
        "from distributed import LocalCluster\n"
        "with LocalCluster(processes=False, dashboard_address='127.0.0.1:0', port=0,\n"
        "                  host='127.0.0.1', protocol='tcp', n_workers=1) as cluster:\n"
        "    print(cluster.scheduler_address, flush=True); input()"
    )
    Path("cluster.py").write_text(code)
    with subprocess.Popen(
        [sys.executable, "cluster.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), f"{socket.gethostname()} {process.pid}"
        process.communicate("\n")


def test_a_dask_cluster_of_the_user_s_does_the_work_and_keeps_its_processor_time(
    cluster: tuple[str, str],
) -> None:
    address, process = cluster
    result = measure("dask", "shop:order", 3, address)

    assert isinstance(result, Measured), result
    assert [span.task_number for span in result.spans] == [1, 2, 3]
    assert result.cpu_seconds is None
    assert {span.process for span in result.spans} == {process}
    assert isinstance(measure("sequential", "pause", 1, address), Measured)


@pytest.mark.slow
def test_a_dask_cluster_that_does_not_answer_is_a_failure() -> None:
    result = measure("dask", "pause", 1, "tcp://127.0.0.1:1")

    assert isinstance(result, Failed)
    assert "Timed out trying to connect to tcp://127.0.0.1:1" in result.reason
