"""One strategy, measured in a process of its own.

So its processor time and memory are its own, and whatever becomes of it, the others go on.
"""

import functools
import importlib.util
import inspect
import os
import pickle
import signal
import subprocess
import sys
import time
from typing import NamedTuple

from awaits import strategies, workloads
from awaits.spans import Span, Work, until_now


class Measured(NamedTuple):
    """How a strategy did.

    `seconds` is from beginning to end, with the start of processes, without imports.
    `cpu_seconds` is the processor time of all its processes; `None` if some were on machines that
    cannot be asked. `memory` is the sum of what each process had at its peak, in bytes. The times
    of `spans` are seconds since the beginning.
    """

    seconds: float
    cpu_seconds: float | None
    memory: int
    spans: list[Span]


class Failed(NamedTuple):
    """Why there is no measurement, as the rest of a sentence."""

    reason: str


def measure(
    strategy: str, workload: str, n_tasks: int, scheduler: str | None = None
) -> Measured | Failed:
    """Do the work in a fresh process, and return how it went.

    What the work prints is not shown. Ctrl-C ends the process and all that it started.

    Args:
        strategy: One of `strategies.STRATEGIES`.
        workload: As for `workloads.find`.
        n_tasks: How many tasks, at least 1.
        scheduler: For the strategy `dask`, the address of a cluster.

    Raises:
        ValueError: There is no such workload, or this is Windows, which does not tell processor
            time and memory.
    """
    if importlib.util.find_spec("resource") is None:
        raise ValueError(
            "Windows does not tell what awaits compare measures; run it in WSL, or on Linux or "
            "macOS."
        )
    needs = strategies.NEEDS.get(strategy)
    if needs and importlib.util.find_spec(needs) is None:
        return Failed(f"needs {needs}; install it with: pip install 'awaits[{needs}]'")
    code = "from awaits.measure import answer; answer()"
    command = [sys.executable, "-c", code, strategy, workload, str(n_tasks)]
    command += [scheduler] if scheduler and strategy == "dask" else []
    # In a group of their own, the processes do not hear Ctrl-C, and can be ended together.
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, process_group=0
    ) as process:
        try:
            written, _ = process.communicate()
        except BaseException:
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
    """Measure as the arguments of this process say, and write to stdout how it went."""
    with os.fdopen(os.dup(1), "wb") as stdout:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what the work prints
        stdout.write(pickle.dumps(_answer(*sys.argv[1:])))


def _answer(
    strategy: str, workload: str, n_tasks: str, scheduler: str | None = None
) -> Measured | Failed | ValueError:
    try:
        work = workloads.find(workload)
    except ValueError as error:
        return ValueError(str(error))  # without the error it comes from, which may be anything
    function = strategies.STRATEGIES[strategy]
    if scheduler:
        function = functools.partial(strategies.on_dask, scheduler=scheduler)
    try:
        return measure_here(function, work, int(n_tasks), elsewhere=bool(scheduler))
    except BaseException as error:  # noqa: BLE001 a user's function may raise anything
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        return Failed(f"failed: {type(error).__name__}: {error}".partition("\n")[0])


def measure_here(
    strategy: strategies.Strategy, work: Work, n_tasks: int, *, elsewhere: bool = False
) -> Measured:
    """Do the work from this process, and return how it went.

    Args:
        strategy: How to do it.
        work: What to do.
        n_tasks: How many tasks, at least 1.
        elsewhere: Whether other machines do it, whose processor time cannot be asked for.
    """
    strategy(work, 0)  # what it imports is no part of the work,
    if inspect.iscoroutinefunction(work.blocking):  # nor is the event loop that it needs
        strategies.in_tasks_on_asyncio(work, 0)
    cpu_began, began = _cpu_seconds(), time.time()
    spans = strategy(work, n_tasks)
    seconds = time.time() - began  # by the clock of the spans
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
    """Return the processor time of this process and of those it started and saw end."""
    import resource  # noqa: PLC0415 Windows has none

    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(it.ru_utime + it.ru_stime for it in used)
