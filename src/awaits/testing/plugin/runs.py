"""Runs a test again, each time in another order of its tasks."""

import contextlib
import functools
import gc
import unittest
from asyncio import CancelledError, all_tasks, get_running_loop, sleep
from collections.abc import Callable, Generator, Iterable, Iterator

import pytest

from awaits.testing.explore import Trial
from awaits.testing.plugin._again import run_again
from awaits.testing.plugin.bodies import Body
from awaits.testing.plugin.cancelled import CancelledRuns
from awaits.testing.plugin.limits import Limits
from awaits.testing.plugin.older import OlderTasks
from awaits.testing.plugin.reports import Reports
from awaits.testing.schedule import Schedule, cancels_all, unseen

MOST_TURNS = 10  # for the ends of tasks
SKIPS = pytest.skip.Exception, pytest.xfail.Exception, unittest.SkipTest


class Runs:
    """Runs a test again, each time in another order of its tasks.

    Args:
        cancelled: Cancels whole tests.
        limits: Ends runs that hang.
    """

    def __init__(self, cancelled: CancelledRuns, limits: Limits) -> None:
        self.around: Callable[[Body], Body] | None = None
        """What replaces the body of the test that runs now."""
        self.last: Trial | None = None
        """What ran last, of all that have run in one event loop."""
        self.n_ran: int = 0
        """How many have."""
        self.collects: bool = False
        """Whether each run ends with a garbage collection, so that what it leaves is its own."""
        self.older: OlderTasks = OlderTasks()
        """Those that are older than the run of a test that is played again for its report."""
        self._cancelled = cancelled
        self._limits = limits

    def run(
        self,
        item: pytest.Function,
        order: Schedule | Trial,
        *,
        debugs: bool = False,
        tells: bool = False,
    ) -> Reports:
        """Run a test in one order, and return its reports.

        Args:
            item: The test.
            order: The order.
            debugs: Whether its reports are shown: a debugger begins, and the order tells itself.
            tells: Whether the order tells itself in any case.
        """
        if isinstance(order, Schedule):
            if cancels_all(order):
                self._cancelled.begin()
                self.run_cancelled(item, [Schedule()])
                reports = self.run_cancelled(item, [order], debugs=debugs)
                self._cancelled.end()
                return reports
            unseen(order, tells=tells or debugs)

        def around(body: Body) -> Body:
            @functools.wraps(body)
            async def steered(*args: object, **kwargs: object) -> None:
                __tracebackhide__ = True
                await _cancelled_tasks_end()
                with _forgiven(order), order, self.older.noticed(order if debugs else None):
                    await body(*args, **kwargs)
                if self.collects:
                    gc.collect()

            return steered

        return self._run(item, around, debugs=debugs)

    def run_all(self, item: pytest.Function, trials: Iterator[Trial]) -> Reports:
        """Run a test in many orders, in one event loop, until it fails."""
        self.last, self.n_ran = None, 0

        def around(body: Body) -> Body:
            @functools.wraps(body)
            async def steered(*args: object, **kwargs: object) -> None:
                __tracebackhide__ = True
                for trial in trials:
                    self.last = trial
                    self.n_ran += 1
                    self._limits.begin_anew(item)
                    await _cancelled_tasks_end()
                    # A test that skips in one order may still fail in others.
                    with contextlib.suppress(*SKIPS), _forgiven(trial), trial:
                        await body(*args, **kwargs)
                    if self._limits.is_late:
                        return

            return steered

        return self._run(item, around)

    def run_cancelled(
        self, item: pytest.Function, schedules: Iterable[Schedule], *, debugs: bool = False
    ) -> Reports:
        """Run a test as schedules say that cancel all of it, in one event loop, until it fails."""
        with self._cancelled.noticing():
            around = self._cancelled.around(item, schedules, tells=debugs)
            return self._run(item, around, debugs=debugs)

    def _run(
        self, item: pytest.Function, around: Callable[[Body], Body], *, debugs: bool = False
    ) -> Reports:
        self.around = lambda body: self._limits.within(item, around(body))
        self._limits.begin_anew(item)
        try:
            return run_again(item, interacts=debugs)
        finally:
            self._limits.end()
            self.around = None


async def _cancelled_tasks_end() -> None:
    """Let the tasks end that an earlier run has cancelled and not waited for.

    In the run that follows, they would come before its own, and so have their numbers.
    """
    try:
        get_running_loop()
    except RuntimeError:
        return  # trio waits for each task
    for _ in range(MOST_TURNS):
        if not any(task.cancelling() for task in all_tasks()):
            return
        await sleep(0)


@contextlib.contextmanager
def _forgiven(order: Schedule | Trial) -> Generator[None]:
    """Let a test end that waits itself for the task that was cancelled, or until it starts."""
    try:
        yield
    # The order has cancelled a task, not the test.
    except (CancelledError, RuntimeError, BaseExceptionGroup):  # noqa: ASYNC103
        if not order.has_raised:
            raise
