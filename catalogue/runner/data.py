"""The data file: what came of each check on each bug when it was last measured."""

import contextlib
import importlib.metadata
import json
import platform
from collections.abc import Container, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from catalogue.runner.bugs import CATALOGUE, ROOT, Bug
from catalogue.runner.checks import CHECKS

DATA = CATALOGUE / "outcomes.json"
LIBRARIES = ("anyio", "trio", "pytest")

Outcome: TypeAlias = Literal["caught", "false alarm", "missed", "does not apply"]
OUTCOMES: tuple[Outcome, ...] = ("caught", "false alarm", "missed", "does not apply")


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


@dataclass
class Measured:
    """The data file."""

    date: str
    seconds: int
    """How long it took to measure it all."""
    versions: dict[str, str]
    """Of Python, and of each distribution that took part."""
    cells: Cells


def versions() -> dict[str, str]:
    """Return the versions of all that takes part, as far as it is installed here."""
    found = {"python": platform.python_version()}
    for name in sorted({check.distribution for check in CHECKS} - {""} | {*LIBRARIES}):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def write(bugs: Sequence[Bug], cells: Cells, seconds: float) -> None:
    """Write the data file."""
    told = {
        "date": datetime.now(UTC).date().isoformat(),
        "seconds": round(seconds),
        "versions": versions(),
        "cells": {
            bug.id: {
                check: {**asdict(cell), "seconds": float(f"{cell.seconds:.2g}")}
                for check, cell in cells[bug.id].items()
            }
            for bug in bugs
        },
    }
    text = json.dumps(told, indent=1, ensure_ascii=False)
    DATA.write_text(text.replace(f"{ROOT}/", "") + "\n", encoding="utf-8")


def read() -> Measured:
    """Read the data file."""
    told = json.loads(DATA.read_text(encoding="utf-8"))
    cells = {
        bug: {check: Cell(**cell) for check, cell in row.items()}
        for bug, row in told.pop("cells").items()
    }
    return Measured(**told, cells=cells)


def other_versions(was: dict[str, str]) -> set[str]:
    """Return the checks whose own tool has another version here than in the data file.

    What runs this project's tests is not among them: if that changes a cell, the cause may be ours.
    """
    here = versions()
    tools = {check.id: check.distribution for check in CHECKS}
    return {
        check
        for check, tool in tools.items()
        if tool not in {"", *LIBRARIES} and here.get(tool) != was.get(tool)
    }


def changes(before: Cells, after: Cells, but: Container[str] = ()) -> list[str]:
    """Tell which cells of the later measurement are not what they were.

    Args:
        before: What was measured, as in the data file.
        after: What was measured now; what it leaves out counts for nothing.
        but: Checks that count for nothing.

    Returns:
        A text for each cell whose outcome changed; its time may.
    """
    told: list[str] = []
    for bug, row in after.items():
        for check, cell in row.items():
            was = before.get(bug, {}).get(check)
            if check not in but and (was is None or was.outcome != cell.outcome):
                printed = f"\n{cell.printed}" if cell.printed else ""
                known = "not measured" if was is None else was.outcome
                told.append(f"{bug}, {check}: was {known}, is {cell.outcome}{printed}")
    return told
