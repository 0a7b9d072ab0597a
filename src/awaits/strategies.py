"""The same work done seven ways, each short enough to read beside the others.

Each takes the work and how many tasks there are, and returns when and where each task ran, in any
order.
"""

import contextlib
import functools
import itertools
import logging
import multiprocessing
import os
import pickle
import sys
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from typing import TypeAlias

import anyio

from awaits.spans import Span, Work, timed, timed_in_task

CONNECT_SECONDS = 10.0

CORES: int = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
"""How many processes compute at the same time on this machine."""


def one_after_another(work: Work, n_tasks: int) -> list[Span]:
    """Begin each task when the one before it has ended."""
    return [timed(work, number) for number in range(1, n_tasks + 1)]


def in_tasks_on_asyncio(work: Work, n_tasks: int) -> list[Span]:
    """Give each task a task on one event loop, in one thread."""
    return _run_tasks(work, range(1, n_tasks + 1), "asyncio")


def in_tasks_on_trio(work: Work, n_tasks: int) -> list[Span]:
    """Do the same on trio."""
    return _run_tasks(work, range(1, n_tasks + 1), "trio")


def _run_tasks(work: Work, numbers: Iterable[int], backend: str = "asyncio") -> list[Span]:
    return anyio.run(tasks, work, numbers, backend=backend)


async def tasks(work: Work, numbers: Iterable[int]) -> list[Span]:
    """Do the work in a task for each of the numbers, all at once."""
    spans: list[Span] = []

    async def task(number: int) -> None:
        spans.append(await timed_in_task(work, number))

    async with anyio.create_task_group() as group:
        for number in numbers:
            group.start_soon(task, number)
    return spans


def in_threads(work: Work, n_tasks: int) -> list[Span]:
    """Give each task a thread. Python lets one of them compute at a time."""
    with ThreadPoolExecutor(max(1, n_tasks)) as threads:
        return list(threads.map(functools.partial(timed, work), range(1, n_tasks + 1)))


def in_processes(work: Work, n_tasks: int) -> list[Span]:
    """Share the tasks out to as many processes as there are cores."""
    with _processes(work) as processes:
        return list(processes.map(functools.partial(timed, work), range(1, n_tasks + 1)))


def in_processes_of_tasks(work: Work, n_tasks: int) -> list[Span]:
    """Share the tasks out to processes, each of which runs its share on an event loop."""
    shares = [range(first, n_tasks + 1, CORES) for first in range(1, CORES + 1)][:n_tasks]
    with _processes(work) as processes:
        spans = processes.map(functools.partial(_run_tasks, work), shares)
        return list(itertools.chain.from_iterable(spans))


def _processes(work: Work) -> ProcessPoolExecutor:
    try:
        pickle.dumps(work)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        sentence = f"the function cannot be sent to another process: {error}"
        raise pickle.PicklingError(sentence) from error
    # Not forked: that copies the locks that threads hold, and is not to be had everywhere.
    return ProcessPoolExecutor(CORES, multiprocessing.get_context("spawn"))


def on_dask(work: Work, n_tasks: int, *, scheduler: str | None = None) -> list[Span]:
    """Share the tasks out to a Dask cluster: other machines, when this one is too small.

    Args:
        work: What each task does. The machines of a cluster must have it installed, and awaits.
        n_tasks: How many tasks.
        scheduler: The address of a cluster. Without it, one starts here and ends with the work,
            with as many processes as there are cores.
    """
    with _dask(n_tasks, scheduler) as workers:
        return list(workers.map(functools.partial(timed, work), range(1, n_tasks + 1)))


@contextlib.contextmanager
def _dask(n_tasks: int, scheduler: str | None) -> Generator[Executor]:
    from distributed import Client, LocalCluster  # noqa: PLC0415 heavy, and an extra

    with contextlib.ExitStack() as stack:
        cluster = scheduler or stack.enter_context(
            LocalCluster(
                n_workers=min(CORES, n_tasks),
                threads_per_worker=1,
                # A free port: it opens one for its health even without a dashboard.
                dashboard_address="127.0.0.1:0",
                scheduler_kwargs={"dashboard": False},
                silence_logs=logging.CRITICAL,  # what goes wrong is raised here as well
            )
        )
        client = Client(cluster, timeout=CONNECT_SECONDS)
        # Pure would say that a task's result, once there, is the result of every call like it.
        yield stack.enter_context(client).get_executor(pure=False)


Strategy: TypeAlias = Callable[[Work, int], list[Span]]

STRATEGIES: dict[str, Strategy] = {
    "sequential": one_after_another,
    "asyncio": in_tasks_on_asyncio,
    "trio": in_tasks_on_trio,
    "threads": in_threads,
    "processes": in_processes,
    "processes+asyncio": in_processes_of_tasks,
    "dask": on_dask,
}
"""Every strategy by name; of two that are as fast, the one that is easier to live with first."""

NEEDS: dict[str, str] = {"trio": "trio", "dask": "distributed"}
"""The extra that a strategy needs, which is called as the library it installs."""


def parse(names: str) -> tuple[str, ...]:
    """Read what a user typed, such as `asyncio,threads`.

    Args:
        names: Names of strategies, separated by commas; `all` means every one.

    Returns:
        The names, each once, in the order of `STRATEGIES`. `sequential` is always among them: the
        others are compared with it.

    Raises:
        ValueError: A name is unknown.
    """
    wanted = {name.strip() for name in names.split(",")}
    for name in sorted(wanted - {"all", *STRATEGIES}):
        raise ValueError(f"There is no strategy {name!r}; choose from {', '.join(STRATEGIES)}.")
    return tuple(name for name in STRATEGIES if {name, "all"} & wanted or name == "sequential")
