"""The same work done in seven ways, each short enough to read beside the others.

Each way takes the work and how many tasks there are, and returns when and where each task ran, in
any order.
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
from typing import NamedTuple, TypeAlias

import anyio

from awaits.compare.work import Work, timed, timed_in_task
from awaits.timeline import Span

CONNECT_SECONDS = 10.0

CORES: int = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
"""How many processes compute at the same time on this machine."""


Way: TypeAlias = Callable[[Work, int], list[Span]]
"""What a strategy does: all tasks, given the work and how many tasks there are."""


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
    # Spawned, not forked: a fork copies the locks that other threads hold, and Windows has none.
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


def _on_dask_at(scheduler: str) -> Way:
    return functools.partial(on_dask, scheduler=scheduler)


@contextlib.contextmanager
def _dask(n_tasks: int, scheduler: str | None) -> Generator[Executor]:
    from distributed import Client, LocalCluster  # noqa: PLC0415 heavy, and an extra

    with contextlib.ExitStack() as stack:
        cluster = scheduler or stack.enter_context(
            LocalCluster(
                n_workers=min(CORES, n_tasks),
                threads_per_worker=1,
                # Any free port: Dask opens one even without a dashboard, for its health.
                dashboard_address="127.0.0.1:0",
                scheduler_kwargs={"dashboard": False},
                silence_logs=logging.CRITICAL,  # errors are raised here as well
            )
        )
        client = Client(cluster, timeout=CONNECT_SECONDS)
        # With pure=True, Dask would run calls with the same arguments only once.
        yield stack.enter_context(client).get_executor(pure=False)


class Needs(NamedTuple):
    """A library that must be installed.

    Attributes:
        library: The name that it is imported by.
        extra: The extra of this package that brings it.
    """

    library: str
    extra: str


class Strategy(NamedTuple):
    """A way to do the work, and what there is to know about it.

    Attributes:
        name: What a user types.
        function: How to do the work on this machine.
        needs: The library that must be installed; `None` if there is none.
        starts: How many programs start for it, including the one that is measured. Anything that
            takes as long as starting a program counts as one.
        on_event_loop: Whether all tasks share one event loop, so that one that blocks stops all.
        on_cluster: Given a cluster's address, how to do the work there; `None` if it cannot.
    """

    name: str
    function: Way
    needs: Needs | None = None
    starts: int = 1
    on_event_loop: bool = False
    on_cluster: Callable[[str], Way] | None = None


SEQUENTIAL = "sequential"
"""The strategy that all others are compared with."""

STRATEGIES: dict[str, Strategy] = {
    strategy.name: strategy
    for strategy in (
        Strategy(SEQUENTIAL, one_after_another),
        Strategy("asyncio", in_tasks_on_asyncio, on_event_loop=True),
        Strategy("trio", in_tasks_on_trio, Needs("trio", "trio"), on_event_loop=True),
        Strategy("threads", in_threads),
        Strategy("processes", in_processes, starts=1 + CORES),
        Strategy("processes+asyncio", in_processes_of_tasks, starts=1 + CORES),
        Strategy(
            "dask",
            on_dask,
            Needs("distributed", "distributed"),
            starts=20 + CORES,  # it imports much
            on_cluster=_on_dask_at,
        ),
    )
}
"""Every strategy by name. Of two that are as fast, the one that is easier to live with is first.

A new strategy is a row here, and nothing else.
"""


def parse(names: str) -> tuple[str, ...]:
    """Read what a user typed, such as `asyncio,threads`.

    Args:
        names: Names of strategies, separated by commas; `all` means every one.

    Returns:
        The names, each once, in the order of `STRATEGIES`. `SEQUENTIAL` is always among them.

    Raises:
        ValueError: A name is unknown.
    """
    wanted = {name.strip() for name in names.split(",")}
    for name in sorted(wanted - {"all", *STRATEGIES}):
        raise ValueError(f"There is no strategy {name!r}; choose from {', '.join(STRATEGIES)}.")
    return tuple(name for name in STRATEGIES if {name, "all"} & wanted or name == SEQUENTIAL)
