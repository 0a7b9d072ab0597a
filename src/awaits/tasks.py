"""The program: many tasks, each waiting 10 to 59 seconds, run concurrently."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import anyio

from awaits.checks import check_whole
from awaits.sources import Source, pause


@dataclass(frozen=True)
class Header:
    """The program begins; as text, the two lines that it prints first."""

    def __str__(self) -> str:
        return "Task #\tTime\n-------------"


class Started(NamedTuple):
    """A task has drawn its seconds and begins to wait; as text, the line the program prints."""

    task_number: int
    seconds: int

    def __str__(self) -> str:
        return f"{self.task_number}\t{self.seconds}"


class Done(NamedTuple):
    """A task has waited long enough; as text, the line the program prints."""

    task_number: int

    def __str__(self) -> str:
        return f"Task {self.task_number} done"


Event: TypeAlias = Header | Started | Done
"""What the program reports. Printing it gives the program's lines."""


async def individual_task(
    task_number: int, *, source: Source = pause, report: Callable[[Event], None] = print
) -> None:
    """Wait a random, whole number of seconds from 10 to 59.

    Args:
        task_number: What the task is called in its lines.
        source: What the task awaits with that number: the pause, or a real call.
        report: Is given `Started` before the wait and `Done` after it. Printing them gives the
            program's lines.
    """
    seconds = random.randrange(10, 60)
    report(Started(task_number, seconds))
    await source(seconds)
    report(Done(task_number))


async def main(
    n_tasks: int,
    *,
    limit: int | None = None,
    source: Source = pause,
    report: Callable[[Event], None] = print,
) -> None:
    """Run tasks 1 to `n_tasks` concurrently; last as long as the longest of them.

    Args:
        n_tasks: How many tasks to run; 0 prints the header alone.
        limit: At most this many tasks wait at the same time; `None` means all of them. With a
            limit, memory does not grow with `n_tasks`.
        source: As for `individual_task`.
        report: Is given `Header`, then what `individual_task` reports.

    Raises:
        ValueError: `n_tasks` is below 0, or `limit` below 1.
        ExceptionGroup: A task failed. The others were cancelled; the group holds its error.
    """
    check_whole("n_tasks", n_tasks, 0)
    if limit is not None:
        check_whole("limit", limit, 1)
    report(Header())

    # A worker takes the next number when it runs, not when it is made: trio starts the tasks of
    # one turn in random order, and the numbers must come in theirs. The workers of a limit are
    # the same ones, only fewer.
    numbers = iter(range(1, n_tasks + 1))

    async def worker() -> None:
        for task_number in numbers:
            await individual_task(task_number, source=source, report=report)

    async with anyio.create_task_group() as workers:
        for _ in range(n_tasks if limit is None else min(limit, n_tasks)):
            workers.start_soon(worker)
