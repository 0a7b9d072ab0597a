"""The same work in every strategy: each task once, and together or apart as its name says."""

import os
import pickle
import platform
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

import anyio
import pytest

from awaits.compare import strategies, work, workloads
from awaits.compare.work import Work
from awaits.testing import backends

HERE = f"{platform.node()} {os.getpid()}"
EPOCH = datetime.fromtimestamp(0, UTC)

# Dask starts processes and threads of its own: test_measure.py has it in a process of its own.
every_strategy = pytest.mark.parametrize("strategy", [*strategies.STRATEGIES][:-1])


@every_strategy
@pytest.mark.parametrize("work", [abs, workloads.pause_in_task], ids=["sync", "async"])
def test_each_task_runs_once_and_within_the_run(strategy: str, work: type[int]) -> None:
    before = time.time()
    ran = strategies.STRATEGIES[strategy].function(Work(work, work), 3)
    after = time.time()

    assert sorted(span.task_number for span in ran) == [1, 2, 3]
    assert all(before <= span.began <= span.ended <= after for span in ran)
    assert all(span.peak > 1_000_000 for span in ran)


@every_strategy
def test_no_tasks_are_no_work(strategy: str) -> None:
    assert strategies.STRATEGIES[strategy].function(Work(abs, abs), 0) == []


@every_strategy
def test_only_processes_work_elsewhere(strategy: str) -> None:
    ran = strategies.STRATEGIES[strategy].function(Work(abs, abs), 2)

    assert any(span.process == HERE for span in ran) == ("processes" not in strategy)


def test_one_after_another_begins_a_task_when_the_one_before_has_ended() -> None:
    first, second, third = strategies.one_after_another(Work(abs, abs), 3)

    assert first.ended <= second.began <= second.ended <= third.began


def test_all_threads_run_at_once() -> None:
    meeting = threading.Barrier(9)

    def meet(_task_number: int) -> None:
        meeting.wait(timeout=60)  # for all others

    ran = strategies.in_threads(Work(meet, abs), 9)

    assert max(span.began for span in ran) <= min(span.ended for span in ran)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_task_that_blocks_stops_the_others(backend: str) -> None:
    def block(_task_number: int) -> None:
        time.sleep(0.001)

    ran = strategies.STRATEGIES[backend].function(Work(abs, block), 3)

    first, second, third = sorted(ran, key=lambda span: span.began)
    assert first.ended <= second.began <= second.ended <= third.began


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_tasks_run_on_the_event_loop_of_their_name(backend: str) -> None:
    loops: list[str] = []

    async def look(_task_number: int) -> None:
        loops.append(backends.running())

    strategies.STRATEGIES[backend].function(Work(abs, look), 2)

    assert loops == [backend, backend]


@pytest.mark.anyio
@pytest.mark.virtual_time(wall=EPOCH)
async def test_all_tasks_wait_at_once() -> None:
    ran = await strategies.tasks(Work(abs, anyio.sleep), range(1, 100))

    assert [span[:3] for span in sorted(ran)] == [(n, 0.0, float(n)) for n in range(1, 100)]


@pytest.mark.parametrize("strategy", ["processes", "processes+asyncio"])
def test_a_function_that_no_other_process_can_find_is_refused(strategy: str) -> None:
    def inner(_task_number: int) -> None: ...

    sentence = "the function cannot be sent to another process: "
    with pytest.raises(pickle.PicklingError, match=f"^{sentence}"):
        strategies.STRATEGIES[strategy].function(Work(inner, abs), 1)


@pytest.mark.parametrize("strategy", ["processes", "processes+asyncio"])
def test_no_process_is_forked_from_one_that_may_have_threads(strategy: str) -> None:
    with mock.patch("os.fork", side_effect=AssertionError):
        assert len(strategies.STRATEGIES[strategy].function(Work(abs, abs), 1)) == 1


def test_names_of_strategies_are_read_in_their_own_order_and_sequential_is_there() -> None:
    assert strategies.parse("threads, asyncio,threads") == ("sequential", "asyncio", "threads")
    assert strategies.parse("all") == tuple(strategies.STRATEGIES)


def test_an_unknown_strategy_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ValueError, match=r"^There is no strategy 'luck'; choose from sequential, "):
        strategies.parse("threads,luck")


@pytest.mark.parametrize(("platform", "unit"), [("darwin", 1), ("freebsd14", 1024)])
def test_the_peak_of_memory_is_known_where_there_is_no_proc(platform: str, unit: int) -> None:
    usage = mock.Mock(ru_maxrss=5)
    with (
        mock.patch.object(Path, "exists", return_value=False),
        mock.patch("resource.getrusage", return_value=usage),
        mock.patch("sys.platform", platform),
    ):
        assert work.peak_memory() == 5 * unit


@mock.patch("awaits.compare.workloads.range", create=True)
@mock.patch("anyio.sleep", new_callable=mock.AsyncMock)
@mock.patch("time.sleep")
def test_the_work_of_the_house_waits_or_computes_or_does_both(
    sleep: mock.Mock, sleep_in_task: mock.AsyncMock, turns: mock.Mock
) -> None:
    all_mocks = sleep, sleep_in_task, turns

    def calls(way: strategies.Way, name: str) -> list[int]:
        for it in all_mocks:
            it.reset_mock()
        assert len(way(workloads.find(name), 1)) == 1
        return [it.call_count for it in all_mocks]

    assert calls(strategies.one_after_another, "pause") == [1, 0, 0]
    assert calls(strategies.one_after_another, "cpu") == [0, 0, 1]
    assert calls(strategies.one_after_another, "mixed") == [1, 0, 1]
    assert calls(strategies.in_tasks_on_asyncio, "pause") == [0, 1, 0]
    assert calls(strategies.in_tasks_on_asyncio, "cpu") == [0, 0, 1]
    assert calls(strategies.in_tasks_on_asyncio, "mixed") == [0, 1, 1]


def test_a_function_of_a_user_s_is_the_work_in_threads_and_in_tasks() -> None:
    assert workloads.find("builtins:abs") == Work(abs, abs)
    assert workloads.find("anyio:sleep") == Work(anyio.sleep, anyio.sleep)
    assert workloads.find("builtins:int") == Work(int, int)  # says not what it takes


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("work", "There is no workload 'work'; choose from pause, cpu, mixed, or name a function"),
        ("math:", "There is no workload 'math:'; choose"),
        (":sqrt", "There is no workload ':sqrt'; choose"),
        ("no.such:work", "no.such:work cannot be imported: ModuleNotFoundError: No module named"),
        ("math:wait", "math:wait cannot be imported: AttributeError: module 'math' has no "),
        ("math:pi", "math:pi must be a function of a task's number, not 3.14"),
        ("os:getcwd", "os:getcwd must be a function of a task's number: too many positional arg"),
        ("shutil:copy", "shutil:copy must be a function of a task's number: missing a required"),
    ],
)
def test_work_that_cannot_be_done_is_refused_in_a_sentence(name: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{sentence}"):
        workloads.find(name)
