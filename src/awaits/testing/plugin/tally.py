"""Counts what `--explore` did in all tests, keeps it for the next run, and reports it."""

from collections import Counter
from collections.abc import Iterator

import pytest

from awaits.testing import backends
from awaits.testing.plugin.known import Known
from awaits.testing.plugin.notes import noted
from awaits.testing.plugin.options import given
from awaits.testing.report import counted

EXPLORED = "explored"  # what is noted in a test's report
FAILING = "failing"
PASSING = "passing"
NOT_REPEATABLE = "not repeatable"
NOT_STEERED = "not steered"
EVERY = "every"
NOT_LATE = "not late"  # a jitter in real time
NOT_IMPORTED = "not imported"  # `Schedule`, in the module of a test whose marker is told
ONLY_BEGINS_LATE = "only begins late"  # of the tasks of a failing order
WAITED = "waited"  # how many real seconds
DRAWN = "drawn"  # how many orders Hypothesis has
DEVIATED = "deviated"  # whether the schedule of a marker did anything
CACHED = "awaits/explore"
_NOT_TWICE = "is not explored: it fails when it runs a second time, even in its own order"
_AFTER_A_CANCELLATION = (
    "fails when it runs again after it was cancelled: what it or the program did, such as to "
    "files, is not undone where it is cut off, and later tests may fail for that, too"
)
LONG = 10.0  # seconds; if tests wait longer in real time, virtual time is worth a word


class Tally:
    """Counts the tests that were explored, and keeps the orders that failed.

    Args:
        config: pytest's configuration.
        known: The failures that are known.
    """

    def __init__(self, config: pytest.Config, known: Known) -> None:
        self._config = config
        self._cache: pytest.Cache | None = getattr(config, "cache", None)
        self._n_tests = self._n_orders = self._n_distinct = 0
        self._n_cancelled = self._n_awaits = 0
        self._n_of_hypothesis = self._n_drawn = 0
        self._waited = 0.0  # for how many real seconds explored tests have waited
        self._has_run = False  # any test
        self._is_empty = True
        # By test: its error, and what the schedule did that had cancelled it before, if one had.
        self._not_repeatable: dict[str, list[str]] = {}
        self._not_steered: Counter[str] = Counter()  # tests, by their event loops
        self._complete: Counter[str] = Counter()  # tests, by which orders were all tried
        self._n_asleep = 0  # of those, how many slept in virtual time, for as long in each order
        self._incomplete: dict[str, str] = {}  # what was tried, by test
        self._n_not_late = 0
        self._is_imported = True
        self._n_begin_late = 0
        # By test function: whether the schedule that it is marked with did anything.
        self._deviated: dict[str, bool] = {}
        self._now: dict[str, str] = {}  # the failures of this run, by test
        self._passing: set[str] = set()
        self._failed: set[str] = set()
        self.known: Known = known
        self.last: dict[str, str] = {} if self._cache is None else self._cache.get(CACHED, {})
        """The orders that failed the last time, by test."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count what was done, in whichever process."""
        notes = noted(report)
        self._has_run = True
        if report.failed:
            self._failed.add(report.nodeid)
        self._note_drawn(notes.get(DRAWN))
        if report.when == "setup" and NOT_STEERED in notes:
            self._not_steered[str(notes[NOT_STEERED])] += 1
        if report.when == "setup" and isinstance(waited := notes.get(WAITED), float):
            self._waited += waited
        if report.when == "setup" and isinstance(done := notes.get(EXPLORED), list):
            self._is_empty = False
            n_orders, n_distinct, n_awaits = done
            self._n_tests += bool(n_orders)
            self._n_orders += n_orders
            self._n_distinct += n_distinct
            self._n_cancelled += n_awaits is not None
            self._n_awaits += n_awaits or 0
            if isinstance(every := notes.get(EVERY), list):
                self._note_every(report.nodeid, *every)
            if isinstance(told := notes.get(NOT_REPEATABLE), list):
                self._not_repeatable[report.nodeid] = told
            self._n_not_late += NOT_LATE in notes
            self._n_begin_late += ONLY_BEGINS_LATE in notes
            self._is_imported = self._is_imported and NOT_IMPORTED not in notes
            if DEVIATED in notes:
                function = report.nodeid.partition("[")[0]
                self._deviated[function] = bool(notes[DEVIATED]) or self._deviated.get(
                    function, False
                )
            if FAILING in notes:
                self._now[report.nodeid] = str(notes[FAILING])
            elif PASSING in notes:
                self.last.pop(report.nodeid, None)
                self._passing.add(report.nodeid)

    def _note_drawn(self, n_drawn: object) -> None:
        if isinstance(n_drawn, int):
            self._n_of_hypothesis += 1
            self._n_drawn += n_drawn

    def _note_every(self, nodeid: str, is_complete: bool, said: str, keeps_lengths: bool) -> None:
        if is_complete:
            self._n_asleep += keeps_lengths
            _, _, bound = said.removesuffix(" passed").partition(" with ")
            self._complete[f" with {bound}" if bound else ""] += 1
        else:
            self._incomplete[nodeid] = said

    def pytest_sessionfinish(
        self, session: pytest.Session, exitstatus: int | pytest.ExitCode
    ) -> None:
        """Keep the failures, to begin with them the next time."""
        if hasattr(self._config, "workerinput"):
            return  # pytest-xdist's main process does
        if self._cache is not None and not self._is_empty:
            self._cache.set(CACHED, self.last | self._now)
        if not self._has_run:
            return  # the list would hide what fails
        was_cut_short = session.shouldfail or exitstatus == pytest.ExitCode.INTERRUPTED
        self.known.write(self._now, is_whole=not was_cut_short)

    def pytest_terminal_summary(self, terminalreporter: "pytest.TerminalReporter") -> None:
        """Say what was done."""
        if self._config.getoption("collectonly"):
            return
        for line in self._lines():
            terminalreporter.write_line(line)
        for line in self.known.summary(self._now, self._passing, self._failed):
            terminalreporter.write_line(line)
        if self._n_begin_late > 1:
            terminalreporter.write_line(
                f"  {self._n_begin_late:,} tests fail only in orders in which tasks begin late: "
                "such a test may count turns, as by sleep(0), and no bug has to be behind it"
            )
        if not self._is_imported:
            terminalreporter.write_line(
                "  a marker that replays needs: from awaits.testing import Schedule"
            )

    def _lines(self) -> Iterator[str]:
        asks = given(self._config, "explore") and not self._n_of_hypothesis
        if self._n_tests or self._not_steered or asks:
            yield (
                f"explored: {counted(self._n_tests, 'test')}, {counted(self._n_orders, 'order')}, "
                f"{self._n_distinct:,} distinct"
            )
        if self._n_of_hypothesis:
            yield (
                f"explored: {counted(self._n_of_hypothesis, 'test')} of Hypothesis, an order drawn "
                f"in each of {counted(self._n_drawn, 'example')}"
            )
        config = self._config
        if self._waited > LONG and not (
            config.getoption("virtual_time") or config.getini("virtual_time")
        ):
            yield f"  {self._waited:.0f} s of waiting; with --virtual-time, it takes no time"
        yield from self._lines_of_what_had_no_effect()
        for bound, n_tests in self._complete.items():
            yield f"  {counted(n_tests, 'test')} in all orders{bound}"
        if self._n_asleep:
            yield (
                f"    {self._n_asleep:,} of them slept, for as long in each order; with "
                "--explore-jitter=SECONDS, sleeps may be late"
            )
        for nodeid, said in self._incomplete.items():
            yield f"  {nodeid}: {said}"
        for name, n_tests in self._not_steered.items():
            yield f"  {counted(n_tests, 'test')} ran in one order: {backends.not_steered(name)}"
        if self._n_cancelled or given(self._config, "explore_cancel"):
            yield (
                f"cancelled: {counted(self._n_cancelled, 'test')}, at "
                f"{counted(self._n_awaits, 'await')} in all"
            )
        for nodeid, told in self._not_repeatable.items():
            yield f"  {nodeid} {_AFTER_A_CANCELLATION if len(told) > 1 else _NOT_TWICE}"
            yield from (f"    {' '.join(text.split())}" for text in told)

    def _lines_of_what_had_no_effect(self) -> Iterator[str]:
        if self._n_not_late:
            yield (
                f"  {counted(self._n_not_late, 'test')} ran in real time, where a jitter does "
                "nothing; give --virtual-time, or mark them virtual_time"
            )
        for function, deviated in self._deviated.items():
            if not deviated:
                yield f"  {function}: the schedule in its marker did nothing; has the test changed?"
