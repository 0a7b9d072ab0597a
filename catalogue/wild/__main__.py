"""Async bugs in published libraries, each measured in an environment made for it.

`python -m catalogue.wild` measures all bugs, and writes the data file; `NAME...` measures the bugs
named, and writes what it finds only with `--save`; `--compare` writes nothing and fails if one is
not as it was; `--sample N` takes N other bugs each day. Bugs that need a Python which is not on
this machine are left out, unless they are named.
"""

import argparse
import sys
from datetime import UTC, datetime

from catalogue.runner.arguments import count, refuse_unknown
from catalogue.wild import data
from catalogue.wild.bugs import WildBug, all_bugs
from catalogue.wild.measure import is_here, measure


def sample(bugs: list[WildBug], n: int, day: int) -> list[WildBug]:
    """Return so many bugs, other ones each day.

    Args:
        bugs: All of them.
        n: How many.
        day: A number that is another one each day.
    """
    return [bugs[(day * n + number) % len(bugs)] for number in range(min(n, len(bugs)))]


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Returns:
        0, or 1 if a bug is not what the data file says.
    """
    parser = argparse.ArgumentParser(
        prog="python -m catalogue.wild",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    bugs = all_bugs()
    names = [bug.id for bug in bugs]
    parser.add_argument("names", nargs="*", metavar="NAME", help="the bugs to measure")
    parser.add_argument("--save", action="store_true", help="write what is found of those named")
    parser.add_argument("--compare", action="store_true", help="fail if a bug is not as it was")
    parser.add_argument("--sample", type=count, metavar="N", help="only so many bugs")
    given = parser.parse_args(arguments)
    refuse_unknown(parser, given.names, names)

    chosen = [bug for bug in bugs if not given.names or bug.id in given.names]
    if given.sample:
        chosen = sample(chosen, given.sample, datetime.now(UTC).date().toordinal())
    chosen = [bug for bug in chosen if given.names or is_here(bug)]
    outcomes = data.read()
    told: list[str] = []
    for bug in chosen:
        outcome = measure(bug)
        print(f"{bug.id}: {outcome}", flush=True)
        changes = data.changes(bug.id, outcomes.get(bug.id), outcome)
        if given.compare:  # the scripts wait in real time: what differs is measured once more
            told += data.changes(bug.id, outcomes.get(bug.id), measure(bug)) if changes else []
        elif given.save or not given.names:
            outcomes[bug.id] = outcome
            data.write({name: outcomes[name] for name in names if name in outcomes})
    if given.compare:
        print("\n".join(told) or f"None of {len(chosen)} bugs has changed.")
    return int(given.compare and bool(told))


if __name__ == "__main__":
    sys.exit(main())
