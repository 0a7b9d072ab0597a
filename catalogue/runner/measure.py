"""The cells: what came of each check on each bug."""

import importlib.metadata
import json
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from catalogue.runner.bugs import CATALOGUE, PROGRAMS, ROOT, Bug
from catalogue.runner.checks import BY_ID, CHECKS, Check
from catalogue.runner.tests import Run, arguments, run_all
from catalogue.runner.tools import Read, read

DATA = CATALOGUE / "data.json"
N_PROCESSES = 2
LIBRARIES = ("anyio", "trio", "pytest")

Outcome: TypeAlias = Literal["caught", "false alarm", "missed", "does not apply"]


@dataclass
class Cell:
    """What came of one check on one bug."""

    outcome: Outcome
    seconds: float
    """For the test, on both programs; for what only reads, a share of the time for all files."""
    command: str
    """What was run on the wrong program; nothing if nothing was."""
    printed: str
    """What it printed of the wrong program, or of the right one in a false alarm."""


Cells: TypeAlias = dict[str, dict[str, Cell]]
"""By bug, and by check."""


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
        waited = cells[bug.id].get("waiting")
        for check in checks:
            cell = cells[bug.id].setdefault(check.id, Cell("does not apply", 0, "", ""))
            if check.id == "second" and waited is not None and waited.outcome == "caught":
                if cell.outcome == "caught":
                    # It shows nothing that the first event loop does not.
                    cell.outcome, cell.printed = "missed", ""
    return {bug.id: {check.id: cells[bug.id][check.id] for check in checks} for bug in bugs}


def _outcome(*, wrong: bool, right: bool) -> Outcome:
    if right:
        return "false alarm"
    return "caught" if wrong else "missed"


def _read_cell(bug: Bug, check: Check, done: Read, n_bugs: int) -> Cell:
    wrong, right = (done.reports[bug.file(program)] for program in PROGRAMS)
    outcome = _outcome(wrong=bool(wrong), right=bool(right))
    printed = "\n".join(right if outcome == "false alarm" else wrong)
    return Cell(outcome, done.seconds / n_bugs, f"{check.told}", printed)


def _test_cell(bug: Bug, check: Check, wrong: Run, right: Run) -> Cell:
    if "absent" in (wrong.status, right.status):
        return Cell("does not apply", 0, "", "")

    def reports(run: Run) -> bool:
        blamed = not check.reports_with or not set(check.reports_with).isdisjoint(run.errors)
        return run.status != "passed" and blamed

    outcome = _outcome(wrong=reports(wrong), right=reports(right))
    shown = right if outcome == "false alarm" else wrong
    return Cell(
        outcome,
        wrong.seconds + right.seconds,
        f"pytest {' '.join(arguments(bug, check, 'wrong'))}",
        shown.printed if reports(shown) else "",
    )


def versions() -> dict[str, str]:
    """Return the versions of all that took part."""
    names = sorted({check.distribution for check in CHECKS if check.distribution} | {*LIBRARIES})
    found = {name: importlib.metadata.version(name) for name in names}
    return {"python": platform.python_version(), **found}


def write(bugs: Sequence[Bug], cells: Cells, seconds: float) -> None:
    """Write the data file."""
    told = {
        "measured": {
            "date": datetime.now(UTC).date().isoformat(),
            "seconds": round(seconds),
            "versions": versions(),
        },
        "bugs": {
            bug.id: {
                check: {**asdict(cell), "seconds": float(f"{cell.seconds:.2g}")}
                for check, cell in cells[bug.id].items()
            }
            for bug in bugs
        },
    }
    text = json.dumps(told, indent=1, ensure_ascii=False)
    DATA.write_text(text.replace(f"{ROOT}/", "") + "\n")


def measured() -> Cells:
    """Return the cells of the data file."""
    told = json.loads(DATA.read_text())
    return {
        bug: {check: Cell(**cell) for check, cell in row.items()}
        for bug, row in told["bugs"].items()
    }


def changes(before: Cells, after: Cells) -> list[str]:
    """Tell which cells of the later measurement are not what they were.

    Args:
        before: What was measured, as in the data file.
        after: What was measured now; what it leaves out counts for nothing.

    Returns:
        A line for each cell whose outcome changed.
    """
    lines: list[str] = []
    for bug, row in after.items():
        for check, cell in row.items():
            was = before.get(bug, {}).get(check)
            if was is None or was.outcome != cell.outcome:
                printed = f"\n{cell.printed}" if cell.printed else ""
                known = "not measured" if was is None else was.outcome
                lines.append(f"{bug}, {check}: was {known}, is {cell.outcome}{printed}")
    return lines
