"""`--explore`: runs tests unchanged, in many orders of their tasks."""

import contextlib
import functools
import importlib
from collections.abc import Callable, Generator
from time import perf_counter, process_time
from typing import TYPE_CHECKING

import pytest

from awaits.testing import backends
from awaits.testing.deadlock import DeadlockError
from awaits.testing.explore import Explorer
from awaits.testing.loops.fence import does_not_fit
from awaits.testing.loops.kept import Carried
from awaits.testing.plugin import garbage
from awaits.testing.plugin._again import (
    end_of_item,
    is_run_again_if_it_fails,
    run_again,
)
from awaits.testing.plugin.bodies import HAS_PASSED, Body, replaced_body
from awaits.testing.plugin.cancelled import CancelledRuns
from awaits.testing.plugin.choice import event_loop_of, misfit_of
from awaits.testing.plugin.limits import Limits
from awaits.testing.plugin.notes import noted
from awaits.testing.plugin.plots import Plots
from awaits.testing.plugin.reports import (
    BEGIN_LATE,
    CANNOT_REPLAY,
    FLAKY,
    IN_ANY_ORDER,
    KEPT,
    Reports,
    comes_of_garbage,
    error_of,
    expect,
    failed,
    failed_at_first,
    how_to_replay,
    note,
    passed,
    show_as_run_again,
    take_time,
    tell,
    tell_of_others,
)
from awaits.testing.plugin.runs import Runs
from awaits.testing.plugin.search import Plan, Search
from awaits.testing.plugin.shown import each_once
from awaits.testing.plugin.subtests import Subtests, is_theirs
from awaits.testing.plugin.tally import (
    DEVIATED,
    DRAWN,
    EVERY,
    EXPLORED,
    FAILING,
    NOT_IMPORTED,
    NOT_LATE,
    NOT_REPEATABLE,
    NOT_STEERED,
    ONLY_BEGINS_LATE,
    PASSING,
    WAITED,
    Tally,
)
from awaits.testing.schedule import Schedule, anew, cancels_all, only_begins_late, unseen
from awaits.testing.shrink import shrink
from awaits.testing.strategy import schedules

if TYPE_CHECKING:
    from awaits.testing.plugin._pytest import SubRequest

TRIES_ON_TRIO = 5
MOST_STEPS = 1_000_000  # of all runs that make a failing order small; some seconds
_N_DRAWN = pytest.StashKey[int]()  # how many orders Hypothesis has drawn for a test
EXAMPLES = "awaits.testing.plugin.examples"  # needed only for tests of Hypothesis's


class Explore:
    """Runs tests in many orders of their tasks.

    Args:
        plan_of: Tells how a test is explored; `None` if it is not.
        tally: What is known of the tests from the last time.
        cancelled: Cancels whole tests.
        plots: Draws the orders in which tests fail.
        limits: Ends runs that hang.
    """

    def __init__(
        self,
        plan_of: Callable[[pytest.Item], Plan | None],
        tally: Tally,
        cancelled: CancelledRuns,
        plots: Plots,
        limits: Limits,
    ) -> None:
        self._plan_of = plan_of
        self._plots = plots
        self._cancelled = cancelled
        self._tally = tally
        self._limits = limits
        self._runs = Runs(cancelled, limits)
        self._drawn = Schedule()  # for the example that runs
        self._subtests = Subtests()
        self._carried = Carried()
        self._is_explored = False  # whether the test that runs is one of those
        self._not_repeatable: list[str] = []  # tests that ran again, and could not, so far

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> bool | None:
        """Run a test as always, then in other orders; report it once."""
        plan = self._plan_of(item)
        if plan is None or not isinstance(item, pytest.Function) or _is_hypothesis(item):
            return None
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        began, computed = perf_counter(), process_time()
        self._is_explored = True
        item.stash[HAS_PASSED] = False
        with each_once():
            reports: Reports = self._steered(item, plan)
        self._is_explored = False
        if failed_at_first(reports) and is_run_again_if_it_fails(item):
            show_as_run_again(item, reports)
            return None
        took = perf_counter() - began
        take_time(reports, took)
        note(reports, WAITED, took - (process_time() - computed))
        *before, torn_down = reports
        for report in before:  # now, as Ctrl-C may come in what follows
            item.ihook.pytest_runtest_logreport(report=report)
        for report in end_of_item(item, nextitem, torn_down):
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Fail a test if its event loop, or its version of Hypothesis, does not fit the kit."""
        if self._plan_of(item) is None or not isinstance(item, pytest.Function):
            return
        if sentence := _misfit(item):
            pytest.fail(sentence, pytrace=False)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[object], request: "SubRequest"
    ) -> Generator[None, object, object]:
        """Replace the fixture `subtests`, whoever asks for it."""
        value = yield
        if self._is_explored and is_theirs(fixturedef):
            value = self._subtests.replaced(value)
            fixturedef.cached_result = (value, fixturedef.cache_key(request), None)
        return value

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Steer the order of the tasks while the body of a test runs."""
        __tracebackhide__ = True
        if not isinstance(item, pytest.Function):
            return (yield)
        around = self._runs.around if self._draws(item) is None else self._as_drawn
        if around is None:
            return (yield)
        with replaced_body(item, lambda body: self._carrying(around(body))):
            result = yield
        self._carried.raise_again()
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Collect no garbage while pytest reads the code for a traceback.

        What is collected may log a traceback, for which Python reads code as well: up to Python
        3.11, that breaks the first reading (python/cpython#106905).
        """
        if not self._is_explored:
            report = yield
            n_drawn = item.stash.get(_N_DRAWN, 0)
            if n_drawn and report.when == "call" and not report.skipped:
                noted(report)[DRAWN] = n_drawn
            return report
        with garbage.uncollected():
            return (yield)

    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> None:
        """Let Hypothesis draw an order for each example, before the event loop runs the example."""
        plan = self._draws(pyfuncitem)
        if plan is None:
            return
        from awaits.testing.plugin.examples import draw  # noqa: PLC0415 Hypothesis's users alone

        # anyio has put its own function here: it runs an example in its event loop. What was here
        # before is put back when the test has run.
        hypothesis = pyfuncitem.obj.hypothesis
        run_example = hypothesis.inner_test
        strategy = schedules(jitter=plan.jitter)  # it takes longer to make than to draw from

        @functools.wraps(run_example)
        def drawing(*args: object, **kwargs: object) -> None:
            __tracebackhide__ = True
            self._drawn = draw(strategy) if plan.schedule is None else plan.schedule
            pyfuncitem.stash[_N_DRAWN] = pyfuncitem.stash.get(_N_DRAWN, 0) + 1
            run_example(*args, **kwargs)
            self._carried.raise_again()

        hypothesis.inner_test = drawing

    def _draws(self, item: pytest.Function) -> Plan | None:
        """Return how a test is explored that draws its orders: one of Hypothesis's."""
        plan = self._plan_of(item)
        return None if plan is None or plan.orders == 0 or not _is_hypothesis(item) else plan

    def _carrying(self, body: Body) -> Body:
        """Let an error end the test, and not the event loop that its fixtures keep."""

        @functools.wraps(body)
        async def carrying(*args: object, **kwargs: object) -> None:
            __tracebackhide__ = True
            with self._carried.kept():
                await body(*args, **kwargs)

        return carrying

    def _as_drawn(self, body: Body) -> Body:
        @functools.wraps(body)
        async def as_drawn(*args: object, **kwargs: object) -> None:
            __tracebackhide__ = True
            with unseen(self._drawn):
                await body(*args, **kwargs)

        return as_drawn

    # One test.

    def _steered(self, item: pytest.Function, plan: Plan) -> Reports:
        self._subtests.are_seen, self._subtests.has_failed = True, False
        reports = run_again(item, interacts=True)
        self._subtests.are_seen = False
        name = event_loop_of(item)
        if name is None or backends.is_steered(name):
            return self._explored(item, plan, reports)
        note(reports, NOT_STEERED, name)
        return reports

    def _explored(self, item: pytest.Function, plan: Plan, reports: Reports) -> Reports:
        """Return the reports of a test in other orders, given those of its first run."""
        self._runs.collects = False
        is_passing = has_passed = passed(reports) and not self._subtests.has_failed
        if plan.schedule is None and not has_passed:
            # Where trio's own order, which is random, is the reason, a schedule can tell more.
            has_passed = event_loop_of(item) == "trio" and passed(
                self._runs.run(item, Schedule(jitter=plan.jitter))
            )
            if not has_passed:
                item.stash[HAS_PASSED] = False
                if self._not_repeatable and failed(reports):
                    tell_of_others(reports, self._not_repeatable)
                if _is_deadlock(reports):
                    self._draw(item, plan, reports)
                return reports
        item.stash[HAS_PASSED] = has_passed
        self._limits.begin(sum(report.duration for report in reports))
        search = Search(item, plan, self._last(item), self._runs, self._cancelled)
        failing, explorer = search.first_failing(), search.explorer
        tried = [explorer.n_orders, explorer.n_distinct, search.n_awaits]
        note(reports, EXPLORED, tried)
        _note_what_has_no_effect(item, plan, explorer, reports)
        if failing is None:
            if plan.schedule is None and is_passing and search.tries_the_last:
                note(reports, PASSING, True)
            if explorer.all is not None:
                keeps_lengths = explorer.has_slept and not plan.jitter
                note(reports, EVERY, [explorer.all.is_complete, str(explorer.all), keeps_lengths])
            return reports
        if has_passed and (again := self._failing_again(item)):
            error = error_of(again if failed(again) else failing[1])  # it may be skipped
            self._note_not_repeatable(item, reports, failing[0], error)
            return reports
        with garbage.collected_by_hand():
            failures = self._failures(item, plan, *failing, is_kept=search.is_kept)
        if not has_passed:  # and one order alone was asked for
            tell(failures, IN_ANY_ORDER)
        note(failures, EXPLORED, tried)
        return failures

    def _draw(self, item: pytest.Function, plan: Plan, reports: Reports) -> None:
        """Add lanes to the reports of a test that fails in the event loop's own order."""
        schedule = Schedule(jitter=plan.jitter)
        if _is_deadlock(self._runs.run(item, schedule, tells=True)) and schedule.lanes:
            tell(reports, schedule.lanes)

    def _note_not_repeatable(
        self, item: pytest.Function, reports: Reports, schedule: Schedule, error: str
    ) -> None:
        did = self._cancelled.cut_off.get(item.nodeid)
        if did is not None and cancels_all(schedule):
            note(reports, NOT_REPEATABLE, [error, did])
        else:
            note(reports, NOT_REPEATABLE, [error])
            self._not_repeatable.append(item.nodeid)

    def _failures(
        self,
        item: pytest.Function,
        plan: Plan,
        schedule: Schedule,
        once: Reports,
        *,
        is_kept: bool,
    ) -> Reports:
        """Return the reports of a test that fails in an order, once that is made small and told."""

        def fails(schedule: Schedule) -> bool:
            reports = self._runs.run(item, schedule)
            garbage.collect()
            return failed(reports)

        if not (plan.schedule or callable(schedule.delays) or cancels_all(schedule)):
            schedule = shrink(schedule, fails, most_steps=MOST_STEPS)
        schedule = anew(schedule)
        again = self._runs.run(item, schedule, debugs=True)
        older = self._runs.older.told()
        reports = again if failed(again) else once
        is_known = self._tally.known.covers(item.nodeid, schedule)
        if plan.schedule is None and _is_own_order(item, schedule):
            tell(reports, FLAKY, *older)
        else:
            if failed(again):
                drawn = self._plots.save(item.nodeid, schedule.svg)
                tell(reports, *how_to_replay(schedule, drawn), *[KEPT] * is_kept)
                if item.stash[HAS_PASSED] and only_begins_late(schedule):
                    tell(reports, BEGIN_LATE)
                    note(reports, ONLY_BEGINS_LATE, True)
                if not (is_known or hasattr(item.module, Schedule.__name__)):
                    note(reports, NOT_IMPORTED, True)
            else:
                tell(reports, CANNOT_REPLAY, *older)
            if not callable(schedule.delays):
                note(reports, FAILING, repr(schedule))
        if is_known:
            expect(reports)
        return reports

    def _failing_again(self, item: pytest.Function) -> Reports:
        """Return the reports of the test, which has passed once, if it fails without an order."""
        reports = self._run_again(item)
        if comes_of_garbage(reports):  # which the failing order may have left
            garbage.forget()
            reports = self._run_again(item)
        if passed(reports):  # another plugin may skip it, now that it has failed once
            return []
        if event_loop_of(item) != "trio":
            return reports
        # trio's own order is random: a test that failed in one may pass in others, as it did
        # before.
        passes = any(
            passed(self._runs.run(item, Schedule()) if first else run_again(item))
            for first in (True, *TRIES_ON_TRIO * (False,))
        )
        return [] if passes else reports

    def _run_again(self, item: pytest.Function) -> Reports:
        """Run a test in its own order; if each run ends with a collection, so does this one."""
        return self._runs.run(item, Schedule()) if self._runs.collects else run_again(item)

    def _last(self, item: pytest.Function) -> Schedule | None:
        """Return the order in which a test failed in an earlier run, if it did."""
        # If the cache was edited, or comes from another version, only the head start is lost.
        with contextlib.suppress(KeyError, ValueError):
            return Schedule.parse(self._tally.last[item.nodeid])
        return None


def _note_what_has_no_effect(
    item: pytest.Item, plan: Plan, explorer: Explorer, reports: Reports
) -> None:
    schedule = plan.schedule
    if explorer.is_in_real_time and (plan.jitter if schedule is None else schedule.jitter):
        note(reports, NOT_LATE, True)
    elif schedule is not None and not cancels_all(schedule) and item.get_closest_marker("explore"):
        note(reports, DEVIATED, explorer.deviated)  # an option is for many tests


def _is_deadlock(reports: Reports) -> bool:
    return failed(reports) and DeadlockError.__name__ in error_of(reports)


def _is_own_order(item: pytest.Function, schedule: Schedule) -> bool:
    """Tell whether a schedule is the order that an event loop has without one; trio's is random."""
    plain = Schedule(jitter=schedule.jitter)
    return schedule == plain and event_loop_of(item) != "trio"


def _is_hypothesis(test: pytest.Function) -> bool:
    return hasattr(test.obj, "hypothesis")


def _misfit(test: pytest.Function) -> str | None:
    """Return the sentence that tells why a test cannot be explored here, if it cannot."""
    if _is_hypothesis(test):
        try:
            importlib.import_module(EXAMPLES)
        except (AttributeError, ImportError) as error:
            return does_not_fit(error)
    return misfit_of(test)
