"""What the cells say together: who sees what, which checks do most together, what each adds."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import combinations

from catalogue.runner.checks import BY_ID, CHECKS
from catalogue.runner.data import Cells

STATIC = tuple(check.id for check in CHECKS if check.kind == "static")


@dataclass
class Team:
    """The checks that see most, of all sets with so many."""

    checks: tuple[str, ...]
    """The one that sees most of it first, then the one that adds most to it."""
    seen: frozenset[str]
    """The bugs."""


def seen_by(cells: Cells, check: str) -> frozenset[str]:
    """Return the bugs that a check sees: the ones that it catches."""
    return frozenset(bug for bug, row in cells.items() if row[check].outcome == "caught")


def seen_by_any(cells: Cells, checks: Iterable[str]) -> frozenset[str]:
    """Return the bugs that one of these checks sees, or more of them."""
    return frozenset[str]().union(*(seen_by(cells, check) for check in checks))


def alone(cells: Cells, check: str, among: Iterable[str]) -> frozenset[str]:
    """Return the bugs that a check sees and none of the others does."""
    return seen_by(cells, check) - seen_by_any(cells, [it for it in among if it != check])


def teams(cells: Cells, checks: Collection[str]) -> list[Team]:
    """Return the best single check, the best two, and so on, until no bug is added.

    Of sets that see the same number, the one whose checks stand first counts.
    """
    bits = {bug: 1 << number for number, bug in enumerate(cells)}
    masks = {check: sum(bits[bug] for bug in seen_by(cells, check)) for check in checks}
    everything = seen_by_any(cells, checks)
    best: list[Team] = []
    while not best or best[-1].seen != everything:
        most, winners = -1, tuple[str, ...]()
        for tried in combinations(masks, len(best) + 1):
            together = 0
            for check in tried:
                together |= masks[check]
            if together.bit_count() > most:
                most, winners = together.bit_count(), tried
        best.append(Team(_by_gain(cells, winners), seen_by_any(cells, winners)))
    return best


def _by_gain(cells: Cells, checks: Collection[str]) -> tuple[str, ...]:
    order: list[str] = []
    seen = frozenset[str]()
    while len(order) < len(checks):
        left = [check for check in checks if check not in order]
        order.append(max(left, key=lambda check: len(seen_by(cells, check) - seen)))
        seen |= seen_by(cells, order[-1])
    return tuple(order)


def gains(cells: Cells, checks: Iterable[str]) -> list[tuple[str, frozenset[str]]]:
    """Return what each of these checks adds to the ones before it."""
    seen, told = frozenset[str](), list[tuple[str, frozenset[str]]]()
    for check in checks:
        told.append((check, seen_by(cells, check) - seen))
        seen |= seen_by(cells, check)
    return told


def sentences(cells: Cells) -> list[str]:
    """Return the sentences that can be quoted, with figures from the cells."""
    n, every = len(cells), [check.id for check in CHECKS]
    static = seen_by_any(cells, STATIC)
    among = f"(there are {len(STATIC)} of these)"
    said = [f"{n - len(static)} of {n} bugs are seen by no static check {among}."]
    best = teams(cells, every)
    said += [
        f"{_titles(team.checks)} {_together(team)} {_of(n, team.seen)}."
        for team in best
        if len(team.checks) in (1, 3, len(best))
    ]
    unseen = [bug for bug in cells if bug not in best[-1].seen]
    said.append(f"No check sees {_listed(unseen)}." if unseen else "Each bug is seen by a check.")
    return said


def _together(team: Team) -> str:
    return "sees" if len(team.checks) == 1 else "together see"


def _of(n: int, seen: Collection[str]) -> str:
    return f"all {n}" if len(seen) == n else f"{len(seen)} of {n}"


def _titles(checks: Iterable[str]) -> str:
    text = _listed([BY_ID[check].title for check in checks])
    return text[0].upper() + text[1:] if not text.startswith(("mypy", "ruff", "flake8")) else text


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def report(cells: Cells) -> str:
    """Return the whole summary as text."""
    every = [check.id for check in CHECKS]
    lines = [*sentences(cells), ""]
    lines.append(f"{'':22} caught  false alarm  missed  does not apply  and no other does")
    for check in CHECKS:
        row = [cells[bug][check.id].outcome for bug in cells]
        lines.append(
            f"{check.title:22} {row.count('caught'):6} {row.count('false alarm'):12}"
            f" {row.count('missed'):7} {row.count('does not apply'):15}"
            f" {len(alone(cells, check.id, every)):18}"
        )
    lines += ["", "The sets that see most:"]
    for team in teams(cells, every):
        lines.append(f"{len(team.checks)}: {len(team.seen)} of {len(cells)}")
        lines += [
            f"     {BY_ID[name].title:22} adds {len(added)}"
            for name, added in gains(cells, team.checks)
        ]
    return "\n".join(lines)
