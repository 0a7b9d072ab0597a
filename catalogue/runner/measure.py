"""The cells: what comes of each check on each bug."""

from collections.abc import Iterable, Sequence

from catalogue.runner.bugs import PROGRAMS, Bug
from catalogue.runner.checks import BY_ID, CHECKS, Check
from catalogue.runner.data import Cell, Cells, Outcome
from catalogue.runner.tests import Run, arguments, run_all
from catalogue.runner.tools import Read, read

N_PROCESSES = 2


def measure(bugs: Sequence[Bug], checks: Iterable[Check] = CHECKS) -> Cells:
    """Run each check on each bug, on its wrong and on its right program.

    Args:
        bugs: The rows.
        checks: The columns.

    Returns:
        What came of each.
    """
    cells: Cells = {bug.id: {} for bug in bugs}
    checks = list(checks)
    if any(check.id == "second" for check in checks) and BY_ID["waiting"] not in checks:
        checks.append(BY_ID["waiting"])  # with which it is compared
    for check in checks:
        if check.kind == "static":
            done = read(check.id, [bug.file(program) for bug in bugs for program in PROGRAMS])
            for bug in bugs:
                cells[bug.id][check.id] = _read_cell(bug, check, done, len(bugs))
    wanted = [
        (bug, check)
        for bug in bugs
        for check in checks
        if check.kind != "static" and bug.is_here and (check.backend or "asyncio") in bug.backends
    ]
    runs = run_all([(*cell, program) for cell in wanted for program in PROGRAMS], N_PROCESSES)
    for bug, check in wanted:
        wrong, right = next(runs), next(runs)
        cells[bug.id][check.id] = _test_cell(bug, check, wrong, right)
    for bug in bugs:
        for check in checks:
            cells[bug.id].setdefault(check.id, Cell("does not apply", 0, "", ""))
        second, waiting = cells[bug.id].get("second"), cells[bug.id].get("waiting")
        if second and waiting and second.outcome == waiting.outcome == "caught":
            # It shows nothing that the first event loop does not.
            second.outcome, second.printed = "missed", ""
    return {bug.id: {check.id: cells[bug.id][check.id] for check in checks} for bug in bugs}


def outcome(*, wrong: bool, right: bool) -> Outcome:
    """Return what comes of a check.

    Args:
        wrong: Whether it reports something in the wrong program.
        right: Whether it does in the right one.

    Returns:
        The cell of the table.
    """
    if right:
        return "false alarm"
    return "caught" if wrong else "missed"


def _read_cell(bug: Bug, check: Check, done: Read, n_bugs: int) -> Cell:
    wrong, right = (done.reports[bug.file(program)] for program in PROGRAMS)
    came = outcome(wrong=bool(wrong), right=bool(right))
    printed = "\n".join(right if came == "false alarm" else wrong)
    return Cell(came, done.seconds / n_bugs, check.told, printed)


def _test_cell(bug: Bug, check: Check, wrong: Run, right: Run) -> Cell:
    if "absent" in (wrong.status, right.status):
        return Cell("does not apply", 0, "", "")

    def reports(run: Run) -> bool:
        blamed = not check.reports_with or not set(check.reports_with).isdisjoint(run.errors)
        return run.status != "passed" and blamed

    came = outcome(wrong=reports(wrong), right=reports(right))
    shown = right if came == "false alarm" else wrong
    return Cell(
        came,
        wrong.seconds + right.seconds,
        f"pytest {' '.join(arguments(bug, check, 'wrong'))}",
        shown.printed if reports(shown) else "",
    )
