"""Searches an order of its tasks in which a test fails."""

import itertools
import sys
from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

import pytest

from awaits.testing.explore import Explorer, Trial, trial_of
from awaits.testing.plugin import garbage
from awaits.testing.plugin._again import is_set_up_for_each_test
from awaits.testing.plugin.cancelled import CancelledRuns
from awaits.testing.plugin.reports import Reports, comes_of_garbage, failed
from awaits.testing.plugin.runners import runner_of
from awaits.testing.plugin.runs import Runs
from awaits.testing.schedule import Schedule, cancels_all

ORDERS = 100
MOST_ORDERS = 100_000  # where every order is tried

Failing: TypeAlias = tuple[Schedule, Reports]
"""The order in which a test has failed, and its reports."""


class Plan(NamedTuple):
    """How a test is explored: the arguments of `@pytest.mark.explore`."""

    orders: int | None = None  # at most; 0 for none; `most` has the default
    deviations: int | Literal["all"] | None = None  # instead, every order with at most so many
    jitter: float = 0.0
    cancel: bool = False
    schedule: Schedule | None = None  # this one alone
    awaits: int = 0  # at how many, at most, the whole test is cancelled
    seed: str = ""  # what the draws depend on, besides the test's name

    @property
    def most(self) -> int | None:
        """How many orders there may be; `None` for as many as there are."""
        match self.deviations:
            case None:
                return min(self.orders or ORDERS, sys.maxsize)
            case "all":
                return self.orders or MOST_ORDERS
            case _:
                return self.orders

    def asks_for(self, schedule: Schedule) -> bool:
        """Tell whether a test that is explored like this may meet a schedule."""
        if cancels_all(schedule):
            return bool(self.awaits)
        is_late, cancels = schedule.jitter > self.jitter, schedule.cancel is not None
        return self.orders != 0 and not is_late and (self.cancel or not cancels)


class Search:
    """The search for an order in which one test fails.

    Args:
        item: The test.
        plan: How it is explored.
        last: The order in which it failed in an earlier run of pytest, if it did.
        runs: Run it.
        cancelled: Cancels it as a whole.
    """

    def __init__(
        self,
        item: pytest.Function,
        plan: Plan,
        last: Schedule | None,
        runs: Runs,
        cancelled: CancelledRuns,
    ) -> None:
        self._item = item
        self._plan = plan
        self._last = last
        self._runs = runs
        self._cancelled = cancelled
        self.explorer: Explorer = self._explorer()
        """Chooses the orders, and knows which have been tried."""
        self.n_awaits: int | None = None
        """At how many awaits the test was cancelled as a whole; `None` if it was not."""
        self.is_kept: bool = False
        """Whether the order in which it fails is that of an earlier failure."""

    @property
    def tries_the_last(self) -> bool:
        """Whether the order of an earlier failure is tried, if there is one."""
        return self._last is None or self._plan.asks_for(self._last)

    def first_failing(self) -> Failing | None:
        """Run the test until it fails."""
        failing = self._first_given() or self._first_of_many()
        if self._plan.awaits and (failing is None or cancels_all(failing[0])):
            failing = failing or self._first_cancelled()
            self._cancelled.end()
            self.n_awaits = self._cancelled.n_awaits
        return failing

    def _first_given(self) -> Failing | None:
        """Try the order that was asked for, or the one of an earlier failure."""
        schedule = self._plan.schedule
        if schedule is None and self.tries_the_last:
            schedule = self._last
        if schedule is None:
            return None
        order = schedule if cancels_all(schedule) else trial_of(schedule)
        garbage.collect()
        self._runs.collects = True
        reports = self._runs.run(self._item, order)
        self._runs.collects = comes_of_garbage(reports)
        if isinstance(order, Trial) or self._plan.schedule is not None:
            self.explorer.note(order)
        if not failed(reports):
            return None
        self.is_kept = self._plan.schedule is None
        return schedule, reports

    def _first_of_many(self) -> Failing | None:
        if self._plan.schedule is not None or self._plan.orders == 0:
            return None
        item, runs, trials = self._item, self._runs, self._trials(self.explorer)
        if not is_set_up_for_each_test(item):
            # Nothing is set up for this test alone, so its body can run again and again.
            reports = runs.run_all(item, trials)
            if not failed(reports):
                return None
            failing, n_ran = runs.last, runs.n_ran
            if failing is not None:
                if comes_of_garbage(reports):
                    return self._first_collected((failing.schedule, reports))
                again = runs.run(item, failing.schedule)
                # If it fails after the same runs in one event loop, and not alone, the test may be
                # one that cannot run there again and again.
                same = itertools.islice(self._trials(self._explorer()), n_ran)
                if failed(again) or n_ran == 1 or not failed(runs.run_all(item, same)):
                    self.explorer.note(failing)
                    return failing.schedule, again if failed(again) else reports
                # It failed in some of these runs: pytest notices some errors only after the body.
                self.explorer.begin_anew()
                trials = self._trials(self.explorer)
        return self._first_of_each(trials)

    def _first_of_each(self, trials: Iterator[Trial]) -> Failing | None:
        """Run the test until it fails, and set it up anew each time."""
        for trial in trials:
            reports = self._runs.run(self._item, trial)
            if not failed(reports):
                continue
            if comes_of_garbage(reports) and not self._runs.collects:
                return self._first_collected((trial.schedule, reports))
            self.explorer.note(trial)
            return trial.schedule, reports
        return None

    def _first_collected(self, once: Failing) -> Failing:
        """Run the test until it fails, and collect the garbage of each run as it ends.

        Args:
            once: What has failed once, and is returned if that does not happen again.
        """
        with garbage.collected_by_hand():
            self._runs.collects = True
            self.explorer.begin_anew()
            return self._first_of_each(self._trials(self.explorer)) or once

    def _first_cancelled(self) -> Failing | None:
        """Cancel the test at each of its awaits until it fails."""
        item, runs, cancelled = self._item, self._runs, self._cancelled
        cancelled.begin()
        if not is_set_up_for_each_test(item):
            reports = runs.run_cancelled(item, itertools.chain([Schedule()], self._each_await()))
            if not failed(reports):
                return None
            schedule, n_tried = cancelled.schedule, cancelled.n_awaits
            if cancels_all(schedule) and failed(again := runs.run(item, schedule)):
                cancelled.n_awaits = n_tried
                return schedule, again
            cancelled.begin()
        if failed(runs.run_cancelled(item, [Schedule()])):
            return None  # it fails in a cancel scope, even if nobody cancels that
        for schedule in self._each_await():
            reports = runs.run_cancelled(item, [schedule])
            if failed(reports):
                return schedule, reports
            if cancelled.is_over:
                break
        return None

    def _each_await(self) -> Iterator[Schedule]:
        # An asyncio program that knows nothing of anyio may rely on being cancelled only once.
        native = runner_of(self._item) == "pytest-asyncio"
        return (Schedule(cancel=n, native=native) for n in range(1, self._plan.awaits + 1))

    def _explorer(self) -> Explorer:
        """Return what chooses the orders: the same ones each time."""
        plan = self._plan
        return Explorer(self._item.nodeid + plan.seed, jitter=plan.jitter, cancel=plan.cancel)

    def _trials(self, explorer: Explorer) -> Iterator[Trial]:
        plan = self._plan
        if plan.deviations is None:
            return explorer.trials(plan.most or ORDERS)
        return explorer.every(plan.deviations, plan.most)
