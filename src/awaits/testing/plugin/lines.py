"""Which tests fail at the same line: behind many failures there may be one fault."""

import re
from collections import defaultdict
from collections.abc import Generator
from traceback import walk_tb

import pytest

from awaits.testing.deadlock import Place
from awaits.testing.leftovers.places import is_of_the_project
from awaits.testing.plugin.leftovers import LEAVES
from awaits.testing.plugin.notes import noted

FAILS_AT = "fails at"  # what is noted in a test's report
MOST_LINES = 5
# The first line that tells what is left behind.
_LEFT = re.compile(rf"{LEAVES}\n.*, (?:made|begun) (?:by .*)?at (.+)")


class Lines:
    """Counts the test functions that fail at each line of the program."""

    def __init__(self) -> None:
        self._functions: defaultdict[str, set[str]] = defaultdict(set)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note at which line a test fails."""
        report = yield
        if call.excinfo is not None and (line := line_of(call.excinfo.value)):
            noted(report)[FAILS_AT] = line
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test that fails, in whichever process."""
        line = noted(report).get(FAILS_AT)
        if report.failed and line is not None:
            self._functions[str(line)].add(report.nodeid.partition("[")[0])

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: "pytest.TerminalReporter") -> None:
        """Name the lines at which several test functions fail, the most frequent first."""
        shared = [(len(it), line) for line, it in self._functions.items() if len(it) > 1]
        if shared:
            terminalreporter.write_line("test functions that fail at the same line:")
        for n_functions, line in sorted(shared, key=lambda it: (-it[0], it[1]))[:MOST_LINES]:
            terminalreporter.write_line(f"  {n_functions} at {line}")


def line_of(error: BaseException) -> str:
    """Return the line of the program at which an error begins; "" if that is not known.

    For what is left behind, it is where the first of it was made; for a group, its first error's.
    """
    if isinstance(error, pytest.fail.Exception) and (found := _LEFT.search(str(error))):
        return found[1]
    first = error
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    traceback = first.__traceback__ or error.__traceback__
    places = [
        Place(frame.f_code, frame.f_code, line)
        for frame, line in walk_tb(traceback)
        if is_of_the_project(frame.f_code)
        # Code that others make has no file; and who works on the kit has it in the project.
        and not frame.f_code.co_filename.startswith("<")
        and not str(frame.f_globals.get("__name__")).startswith("awaits.testing.")
    ]
    return str(places[-1]) if places else ""
