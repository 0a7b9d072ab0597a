"""Async bugs, each measured against each check.

`python -m catalogue` measures every cell and writes the data file, `summary` shows what it says,
`try` measures some cells and only shows them, `compare` measures a sample and fails if a cell has
changed.
"""

import argparse
import sys
import time
from datetime import UTC, datetime

from catalogue.runner import data
from catalogue.runner.arguments import count, refuse_unknown
from catalogue.runner.bugs import Bug, all_bugs
from catalogue.runner.checks import BY_ID, CHECKS, Check
from catalogue.runner.measure import measure
from catalogue.runner.summary import report

LONG = 8.0  # seconds for all cells of a bug with more than that, no sample takes it


def sample(bugs: list[Bug], cells: data.Cells, n: int, day: int) -> list[Bug]:
    """Return so many bugs, other ones each day, without those that take long.

    Args:
        bugs: All of them.
        cells: What was measured of them.
        n: How many.
        day: A number that is another one each day.

    Returns:
        Some of the bugs.
    """
    quick = [
        bug
        for bug in bugs
        if bug.is_here and sum(it.seconds for it in cells.get(bug.id, {}).values()) < LONG
    ]
    return [quick[(day * n + number) % len(quick)] for number in range(min(n, len(quick)))]


def tell_other_versions(was: dict[str, str]) -> None:
    """Print what has another version here than in the data file."""
    for name, version in data.versions().items():
        if was.get(name) != version:
            print(f"{name} was {was.get(name)}, is {version}.")


def compare(bugs: list[Bug]) -> int:
    """Measure bugs, and tell which cells are not as the data file says, twice in a row.

    Args:
        bugs: Which.

    Returns:
        1 if something is not, or else 0. What a newer release of a tool sees is only told.
    """
    was = data.read()
    others = data.other_versions(was.versions)
    print("measuring", ", ".join(bug.id for bug in bugs))
    now = measure(bugs)
    for told in data.changes(was.cells, now, but=set(BY_ID) - others):
        print(told)
    differ = [bug for bug in bugs if data.changes(was.cells, {bug.id: now[bug.id]}, but=others)]
    # Tests that wait can fail on a busy machine: what differs is measured once more.
    changed = data.changes(was.cells, measure(differ), but=others) if differ else []
    tell_other_versions(was.versions)
    if not changed:
        print(f"None of {len(bugs) * (len(CHECKS) - len(others))} cells has changed.")
        return 0
    print("\n".join(changed))
    print("If that is as it should be, measure all anew: python -m catalogue")
    return 1


def is_false(cell: data.Cell) -> bool:
    """Return whether a check reported the right program."""
    return cell.outcome == "false alarm"


def show(bugs: list[Bug], checks: list[Check]) -> None:
    """Measure some cells, and print them."""
    cells = measure(bugs, checks)
    for bug in bugs:
        for check in checks:
            cell = cells[bug.id][check.id]
            print(f"{bug.id:28} {check.id:14} {cell.outcome:15} {cell.seconds:6.2f} s")
            print("".join(f"    {line}\n" for line in cell.printed.splitlines()), end="")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Returns:
        0, or 1 if a cell is not what the data file says.
    """
    parser = argparse.ArgumentParser(
        prog="python -m catalogue",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("summary", help="show what the data file says")
    trying = commands.add_parser("try", help="measure some cells; write nothing")
    trying.add_argument("bugs", nargs="*", metavar="BUG", help="only these")
    trying.add_argument("--checks", help="only these, with commas between them")
    comparing = commands.add_parser("compare", help="measure, and fail if a cell has changed")
    comparing.add_argument("--sample", type=count, metavar="N", help="only so many bugs")
    given = parser.parse_args(arguments)

    bugs = all_bugs()
    if given.command == "summary":
        print(report(data.read().cells))
    elif given.command == "try":
        ids = given.checks.split(",") if given.checks else [*BY_ID]
        refuse_unknown(trying, given.bugs, [bug.id for bug in bugs])
        refuse_unknown(trying, ids, BY_ID)
        chosen = [bug for bug in bugs if not given.bugs or bug.id in given.bugs]
        show(chosen, [BY_ID[it] for it in ids])
    elif given.command == "compare":
        day = datetime.now(UTC).date().toordinal()
        chosen = sample(bugs, data.read().cells, given.sample, day) if given.sample else bugs
        return compare([bug for bug in chosen if bug.is_here])
    else:
        begun = time.monotonic()
        cells = measure(bugs)
        # A right program that fails once may have met a busy machine: it is run once more.
        runs = [check for check in CHECKS if check.kind != "static"]
        failed = [bug for bug in bugs if any(is_false(cells[bug.id][it.id]) for it in runs)]
        for bug, row in measure(failed, runs).items():
            cells[bug] |= row
        data.write(bugs, cells, time.monotonic() - begun)
        print(report(cells))
    return 0


if __name__ == "__main__":
    sys.exit(main())
