"""When and where a task ran: what the strategies measure, and what a timeline draws."""

import inspect
import os
import platform
import re
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import anyio


class Span(NamedTuple):
    """When a task began and ended, and where.

    The times are seconds, since what whoever made the span says. `process` names the process and
    its machine, and `peak` is the most memory, in bytes, that it had had when the task ended.
    """

    task_number: int
    began: float
    ended: float
    process: str = ""
    peak: int = 0


class Work(NamedTuple):
    """What a task does, given its number, in two ways that may be the same function.

    `blocking` is what a thread or a process does; `in_task` is what a task on an event loop does.
    Each may be async.
    """

    blocking: Callable[[int], object]
    in_task: Callable[[int], object]


def timed(work: Work, task_number: int) -> Span:
    """Do the work of a task and return when it ran, in seconds since the epoch.

    The wall clock is the one that processes and machines share.

    Args:
        work: What to do. A function that is async runs on an event loop of its own.
        task_number: The task's number.
    """
    began = time.time()
    result = work.blocking(task_number)
    if inspect.isawaitable(result):
        anyio.run(_awaited, result)
    return until_now(task_number, began)


async def timed_in_task(work: Work, task_number: int) -> Span:
    """Do as `timed`, in a task. A function that is not async stops the event loop meanwhile."""
    began = time.time()
    result = work.in_task(task_number)
    if inspect.isawaitable(result):
        await result
    return until_now(task_number, began)


async def _awaited(awaitable: Awaitable[object]) -> None:
    await awaitable


def until_now(task_number: int, began: float) -> Span:
    """Return the span of a task that began then and ends now, in this process."""
    ended = time.time()
    process = f"{platform.node()} {os.getpid()}"
    return Span(task_number, began, ended, process, peak_memory())


def peak_memory() -> int:
    """Return the most memory that this process has had, in bytes."""
    # On Linux ru_maxrss is no answer: a process starts with that of the one that started it.
    status = Path("/proc/self/status")
    if status.exists() and (peak := re.search(r"VmHWM:\s*(\d+) kB", status.read_text())):
        return int(peak[1]) * 1024
    import resource  # noqa: PLC0415 Windows has none

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
