"""What `--explore` did in all tests: counted, kept for the next time, and told at the end."""

import pytest

from awaits.testing.plugin.known import Known
from awaits.testing.plugin.options import given

EXPLORED = "awaits_explored"  # properties of the report of a test
FAILING = "awaits_failing"
PASSING = "awaits_passing"
NOT_REPEATABLE = "awaits_not_repeatable"
CACHED = "awaits/explore"


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
        self._not_repeatable: list[str] = []
        self._now: dict[str, str] = {}  # the failures of this run, by test
        self._passing: set[str] = set()
        self.known: Known = known
        self.last: dict[str, str] = {} if self._cache is None else self._cache.get(CACHED, {})
        """The orders that failed the last time, by test."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count what was done, in whichever process."""
        properties: dict[str, object] = dict(report.user_properties)
        if report.when == "setup" and isinstance(done := properties.get(EXPLORED), list):
            self._n_tests += 1
            self._n_orders += done[0]
            self._n_distinct += done[1]
            if NOT_REPEATABLE in properties:
                self._not_repeatable.append(report.nodeid)
            if FAILING in properties:
                self._now[report.nodeid] = str(properties[FAILING])
            elif PASSING in properties:
                self.last.pop(report.nodeid, None)
                self._passing.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        """Keep the failures, to begin with them the next time."""
        if hasattr(self._config, "workerinput"):
            return  # pytest-xdist's main process does
        if not self._n_tests:
            return
        if self._cache is not None:
            self._cache.set(CACHED, self.last | self._now)
        self.known.write(self._now)

    def pytest_terminal_summary(self, terminalreporter: "pytest.TerminalReporter") -> None:
        """Say what was done."""
        if not (self._n_tests or given(self._config, "explore")):
            return
        terminalreporter.write_line(
            f"explored: {_count(self._n_tests, 'test')}, {_count(self._n_orders, 'order')}, "
            f"{self._n_distinct:,} distinct"
        )
        for nodeid in self._not_repeatable:
            terminalreporter.write_line(
                f"  {nodeid} fails in its own order, too, when it runs a second time: not explored"
            )
        for line in self.known.summary(self._now, self._passing):
            terminalreporter.write_line(line)


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"
