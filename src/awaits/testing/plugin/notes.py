"""Notes in the reports of tests: they reach the main process of pytest-xdist, too."""

import pytest

IN_REAL_TIME = "in real time"
"""Whether a test that was to run in virtual time has its own event loop or clock."""
RAN = "ran"
"""Which event loops ran a test, of which plugins."""


def noted(report: pytest.TestReport) -> dict[str, object]:
    """Return what is noted in a report, also if it comes from another process.

    It is no property of the report: those are for users, and go into their JUnit files.
    """
    notes: dict[str, object] = vars(report).setdefault("awaits", {})
    return notes
