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
# A line that tells what is left behind.
_LEFT = re.compile(r"^.*, (?:made|begun) (?:by .*)?at (.+)$", re.MULTILINE)


class Lines:
    """Counts the test functions that fail at each line of the program."""

    def __init__(self) -> None:
        self._functions: defaultdict[str, set[str]] = defaultdict(set)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note at which lines a test fails."""
        report = yield
        if call.excinfo is not None and (lines := begins_at(call.excinfo.value)):
            noted(report)[FAILS_AT] = lines
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test that fails, in whichever process."""
        lines = noted(report).get(FAILS_AT)
        if report.failed and isinstance(lines, list):
            for line in lines:
                self._functions[line].add(report.nodeid.partition("[")[0])

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: "pytest.TerminalReporter") -> None:
        """Name the lines at which several test functions fail, the most frequent first.

        A test that fails at several lines is counted at the most frequent of these.
        """
        functions = self._functions
        for number in range(MOST_LINES):
            line = min(functions, key=lambda it: (-len(functions[it]), it), default="")
            counted = functions.pop(line, set())
            if len(counted) < 2:
                break
            if not number:
                terminalreporter.write_line("test functions that fail at the same line:")
            terminalreporter.write_line(f"  {len(counted)} at {line}")
            for others in functions.values():
                others.difference_update(counted)


def begins_at(error: BaseException) -> list[str]:
    """Return the lines of the program at which an error begins, if they are known.

    For what is left behind, they are where it was made; for a group, it is its first error's.
    """
    if isinstance(error, pytest.fail.Exception) and LEAVES in str(error):
        return list(dict.fromkeys(_LEFT.findall(str(error))))
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
    return [str(places[-1])] if places else []
