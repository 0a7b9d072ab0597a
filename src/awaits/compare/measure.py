"""One strategy, measured in a process of its own.

So its processor time and memory can be measured alone, and if it crashes, the others go on.
"""

import importlib.util
import inspect
import logging
import os
import pickle
import signal
import subprocess
import sys
import time
from typing import NamedTuple

from awaits.checks import check_installed
from awaits.compare import strategies, workloads
from awaits.compare.work import Work, until_now
from awaits.timeline import Span


class Measured(NamedTuple):
    """How a strategy did.

    Attributes:
        seconds: From beginning to end, with the start of processes, without imports.
        cpu_seconds: The processor time of all its processes; `None` if other machines did the work,
            because they cannot be asked.
        memory: The sum of what each process used at its peak, in bytes.
        spans: When each task ran, in seconds since the beginning.
    """

    seconds: float
    cpu_seconds: float | None
    memory: int
    spans: list[Span]


class Failed(NamedTuple):
    """Why a strategy could not be measured."""

    reason: str


def measure(
    strategy: str, workload: str, n_tasks: int, scheduler: str | None = None
) -> Measured | Failed:
    """Do the work in a new process, and return how it went.

    What the work prints is not shown. Ctrl-C ends the process and all processes that it started.

    Args:
        strategy: One of `strategies.STRATEGIES`.
        workload: As for `workloads.find`.
        n_tasks: How many tasks, at least 1.
        scheduler: The address of a cluster, for a strategy that can use one.

    Returns:
        How it went, or why it failed.

    Raises:
        ValueError: There is no such workload, or this is Windows, which does not tell processor
            time and memory.
    """
    if importlib.util.find_spec("resource") is None:
        raise ValueError(
            "Windows does not tell what awaits compare measures; run it in WSL, or on Linux or "
            "macOS."
        )
    row = strategies.STRATEGIES[strategy]
    if row.needs is not None:
        try:
            check_installed(*row.needs)
        except ValueError as error:
            return Failed(str(error))
    code = "from awaits.compare.measure import answer; answer()"
    command = [sys.executable, "-c", code, strategy, workload, str(n_tasks)]
    command += [scheduler] if scheduler and row.on_cluster else []
    # In a process group of their own, the processes get no Ctrl-C, and can be ended together.
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, process_group=0
    ) as process:
        try:
            written, _ = process.communicate()
        except BaseException:
            # subprocess waits a moment after Ctrl-C. What has ended then has no group any more.
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            raise
    if not written:
        return Failed(f"failed: its process ended with {process.returncode} and said nothing")
    match pickle.loads(written):  # noqa: S301 from our own process
        case Measured() | Failed() as result:
            return result
        case error:
            raise error


def answer() -> None:
    """Measure what the arguments of this process name, and write the result to stdout."""
    with os.fdopen(os.dup(1), "wb") as stdout:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # for what the work prints
        stdout.write(pickle.dumps(_answer(*sys.argv[1:])))
    # On a busy machine, Dask's own timeouts may outlast its event loop, and asyncio would log that.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)


def _answer(
    strategy: str, workload: str, n_tasks: str, scheduler: str | None = None
) -> Measured | Failed | ValueError:
    try:
        work = workloads.find(workload)
    except ValueError as error:
        return ValueError(str(error))  # without its cause, which may be impossible to pickle
    row = strategies.STRATEGIES[strategy]
    cluster = row.on_cluster(scheduler) if scheduler and row.on_cluster else None
    try:
        return measure_here(
            cluster or row.function, work, int(n_tasks), elsewhere=cluster is not None
        )
    except BaseException as error:  # noqa: ASYNC103, BLE001 a user's function may raise anything
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        reason = f"failed: {type(error).__name__}: {error}".partition("\n")[0]
        return Failed(reason)  # noqa: ASYNC104 no task ends here: it is another process


def measure_here(
    way: strategies.Way, work: Work, n_tasks: int, *, elsewhere: bool = False
) -> Measured:
    """Do the work from this process, and return how it went.

    Args:
        way: How to do it.
        work: What to do.
        n_tasks: How many tasks, at least 1.
        elsewhere: Whether other machines do it, whose processor time cannot be measured.

    Returns:
        How it went.
    """
    way(work, 0)  # so that its imports are not measured,
    if inspect.iscoroutinefunction(work.blocking):  # nor those of an event loop
        strategies.in_tasks_on_asyncio(work, 0)
    cpu_began, began = _cpu_seconds(), time.time()
    spans = way(work, n_tasks)
    seconds = time.time() - began  # by the same clock as the spans
    cpu_seconds = None if elsewhere else _cpu_seconds() - cpu_began
    by_peak = sorted([*spans, until_now(0, began)], key=lambda span: span.peak)
    peaks = {span.process: span.peak for span in by_peak}  # the last of a process is the highest
    return Measured(
        seconds,
        cpu_seconds,
        sum(peaks.values()),
        [s._replace(began=s.began - began, ended=s.ended - began) for s in sorted(spans)],
    )


def _cpu_seconds() -> float:
    """Return the processor time of this process and of those that it started and that ended."""
    import resource  # noqa: PLC0415 Windows has none

    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(it.ru_utime + it.ru_stime for it in used)
