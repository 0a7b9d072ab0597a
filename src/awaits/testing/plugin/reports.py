"""The reports of a test that has run again and again, and what is added to them."""

import re
import textwrap
from collections.abc import Sequence

import pytest

from awaits.testing.plugin._again import has_failed
from awaits.testing.plugin.notes import noted
from awaits.testing.plugin.sections import add_section
from awaits.testing.plugin.tally import EXPLORED
from awaits.testing.schedule import Schedule

CANNOT_REPLAY = (
    "It failed like this once, and passed when the same order was played again: it depends on "
    "something else as well, such as chance, real time, threads, or what earlier runs have left."
)
FLAKY = (
    "It has passed and failed in the event loop's own order: it depends on something else than the "
    "order of its tasks, such as chance, real time, threads, or what earlier runs have left. "
    "@pytest.mark.explore(False) keeps it out."
)
IN_VIRTUAL_TIME = "In real time no step is late, so mark it virtual_time as well."
BEGIN_LATE = (
    "Only tasks that had not begun were late. An event loop begins a task in its next turn, so "
    "this order stands for one that awaits something first. If the test counts on that turn, as by "
    "sleep(0), let it wait for an Event; or @pytest.mark.explore(False) keeps it out."
)
ORDER = "the order of its tasks"  # the title of what is added
KEPT = "It failed in this order before, so this one ran first: pytest's cache keeps it."
IN_ANY_ORDER = "It fails in the event loop's own order, too."

MOST_OF_AN_ERROR = 200  # characters
# Where warnings are errors, such as those of what is not closed.
_OF_GARBAGE = re.compile(
    r"(pytest\.)?PytestUnraisableExceptionWarning|ExceptionGroup: multiple unraisable exception"
)

Reports = Sequence[pytest.TestReport]


def passed(reports: Reports) -> bool:
    """Tell whether every part of a test has passed."""
    return not any(report.skipped or has_failed(report) for report in reports)


def failed(reports: Reports) -> bool:
    """Tell whether a part of a test has failed."""
    return any(map(has_failed, reports))


def error_of(reports: Reports) -> str:
    """Return the error by which a test has failed, in one line."""
    longrepr = next(filter(has_failed, reports)).longrepr
    crash = getattr(longrepr, "reprcrash", None)
    return textwrap.shorten(str(getattr(crash, "message", longrepr)), MOST_OF_AN_ERROR)


def comes_of_garbage(reports: Reports) -> bool:
    """Tell whether a run failed when garbage was collected, which an earlier one may have left."""
    return failed(reports) and bool(_OF_GARBAGE.match(error_of(reports)))


def failed_at_first(reports: Reports) -> bool:
    """Tell whether a test has failed without being explored, and that is not expected."""
    is_explored = any(EXPLORED in noted(report) for report in reports)
    return not is_explored and any(it.failed and has_failed(it) for it in reports)


def show_as_run_again(item: pytest.Function, reports: Reports) -> None:
    """Report a failure as pytest-rerunfailures does before it runs a test again."""
    for report in reports:
        if report.failed:
            vars(report)["outcome"] = "rerun"
        item.ihook.pytest_runtest_logreport(report=report)


def note(reports: Reports, name: str, value: object) -> None:
    """Note something in all reports of a test: they may go to another process."""
    for report in reports:
        noted(report)[name] = value


def take_time(reports: Reports, seconds: float) -> None:
    """Let the report of a test's call say how long all of its runs took, for `--durations`."""
    for report in reports:
        if report.when == "call":
            report.duration += max(0.0, seconds - sum(it.duration for it in reports))


def how_to_replay(schedule: Schedule, drawn: str) -> list[str]:
    """Return the lines that show the order in which a test fails, and how to play it again.

    Args:
        schedule: The order, which has just been played.
        drawn: The line that says where it is drawn, if it is.
    """
    mark = f"@pytest.mark.explore({schedule!r})"
    lanes = [schedule.lanes, ""] if schedule.lanes else []
    lines = [*lanes, schedule.explanation, f"It replays with: {mark}"]
    lines += [IN_VIRTUAL_TIME] if schedule.jitter else []
    return [*lines, drawn] if drawn else lines


def tell(reports: Reports, *lines: str) -> None:
    """Add lines about the order of the tasks to the report of a failure."""
    failure = next(filter(has_failed, reports))
    add_section(failure, ORDER, *lines)
    # pytest does not show a failure at the end that began pdb, but this was not known by then.
    vars(failure).pop("_pdbshown", None)


def tell_of_others(reports: Reports, others: Sequence[str]) -> None:
    """Say that tests that cannot run twice have done so before one that fails at first.

    What they leave, as in a fixture of a wider scope, is there more often than without the kit.
    """
    told = f"{others[-1]}, which cannot run twice, ran again before this one"
    if len(others) > 1:
        told = f"{len(others):,} tests that cannot run twice ran again before this one"
    last = (
        f"{told}: what they share, such as a fixture of a wider scope, may not be as it was. Does "
        "this one fail alone? @pytest.mark.explore(False) keeps the others out."
    )
    add_section(next(filter(has_failed, reports)), "tests that ran again", last)


def expect(reports: Reports) -> None:
    """Make pytest count a known failure as an expected one."""
    for report in reports:
        if has_failed(report):
            report.outcome = "skipped"
            report.wasxfail = "a known failure of --explore"
