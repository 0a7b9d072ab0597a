"""The work of a task, done and timed: when it ran, in which process, and with how much memory."""

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

from awaits.timeline import Span


class Work(NamedTuple):
    """What each task does, given its number. Both functions may be async, and may be the same.

    Attributes:
        blocking: What a thread or a process does.
        in_task: What a task on an event loop does.
    """

    blocking: Callable[[int], object]
    in_task: Callable[[int], object]


def timed(work: Work, task_number: int) -> Span:
    """Do the work of a task in this thread.

    Args:
        work: What to do. An async function runs on an event loop of its own.
        task_number: The task's number.

    Returns:
        When it ran, in seconds since the epoch: by the clock that processes and machines share.
    """
    began = time.time()
    result = work.blocking(task_number)
    if inspect.isawaitable(result):
        anyio.run(_awaited, result)
    return until_now(task_number, began)


async def timed_in_task(work: Work, task_number: int) -> Span:
    """Do the work of a task on an event loop. A function that is not async blocks the loop.

    Args:
        work: What to do.
        task_number: The task's number.

    Returns:
        As for `timed`.
    """
    began = time.time()
    result = work.in_task(task_number)
    if inspect.isawaitable(result):
        await result
    return until_now(task_number, began)


async def _awaited(awaitable: Awaitable[object]) -> None:
    await awaitable


def until_now(task_number: int, began: float) -> Span:
    """Return the span of a task of this process that ends now.

    Args:
        task_number: The task's number.
        began: When it began, in seconds since the epoch.
    """
    ended = time.time()
    process = f"{platform.node()} {os.getpid()}"
    return Span(task_number, began, ended, process, peak_memory())


def peak_memory() -> int:
    """Return the most memory that this process has used so far, in bytes."""
    # On Linux, ru_maxrss begins with the peak of the process that started this one.
    status = Path("/proc/self/status")
    if status.exists() and (peak := re.search(r"VmHWM:\s*(\d+) kB", status.read_text())):
        return int(peak[1]) * 1024
    import resource  # noqa: PLC0415 Windows has none

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
