"""`python -m catalogue` measures each bug against each check, and writes the data and the pages."""

import argparse
import sys
import time

from catalogue.runner import measure
from catalogue.runner.bugs import all_bugs
from catalogue.runner.checks import BY_ID, CHECKS


def main() -> int:
    """Run the command line.

    Returns:
        0, or 1 if a cell is not what the data file says.
    """
    parser = argparse.ArgumentParser(prog="python -m catalogue", description=__doc__)
    parser.add_argument("bugs", nargs="*", help="only these, and only shown: nothing is written")
    parser.add_argument("--checks", help="only these, with commas between them; only shown")
    parser.add_argument("--check", action="store_true", help="compare with the data; write nothing")
    given = parser.parse_args()
    bugs = [bug for bug in all_bugs() if not given.bugs or bug.id in given.bugs]
    checks = [BY_ID[name] for name in given.checks.split(",")] if given.checks else CHECKS

    begun = time.monotonic()
    cells = measure.measure(bugs, checks)
    seconds = time.monotonic() - begun

    if given.check:
        changed = measure.changes(measure.measured(), cells)
        print("\n".join(changed or ["No cell has changed."]))
        return 1 if changed else 0
    if given.bugs or given.checks:
        for bug in bugs:
            for check in checks:
                cell = cells[bug.id][check.id]
                print(f"{bug.id:28} {check.id:14} {cell.outcome:15} {cell.seconds:6.2f} s")
                print("".join(f"    {line}\n" for line in cell.printed.splitlines()[:6]), end="")
        return 0
    measure.write(bugs, cells, seconds)
    print(f"{len(bugs)} bugs, {len(checks)} checks, {seconds:.0f} s: {measure.DATA}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
