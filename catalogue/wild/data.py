"""The data file: what came of each bug when it was last measured."""

import json
from dataclasses import asdict, dataclass

from catalogue.wild.bugs import WILD

DATA = WILD / "outcomes.json"


@dataclass(frozen=True)
class Failed:
    """The test failed."""

    version: str
    orders: int
    """How many orders it took, the failing one among them."""
    schedule: str
    """The order it failed in, made small."""
    size: int
    """How many delays and cancellations that order has."""
    said: str
    seconds: float


@dataclass(frozen=True)
class Survived:
    """The test passed in each of so many orders."""

    version: str
    orders: int
    seconds: float


@dataclass(frozen=True)
class Confirmed:
    """What a script without the kit showed of a new bug."""

    broken: bool
    printed: str


@dataclass(frozen=True)
class Outcome:
    """What came of a bug."""

    broken: Failed | Survived
    mended: Failed | Survived | None
    """None where no version is known to be without it."""
    confirmed: Confirmed | None


Outcomes = dict[str, Outcome]
"""By bug."""


def _run(told: dict[str, object]) -> Failed | Survived:
    return (Failed if "schedule" in told else Survived)(**told)  # type: ignore[arg-type]


def read() -> Outcomes:
    """Read the data file."""
    if not DATA.exists():
        return {}
    told = json.loads(DATA.read_text(encoding="utf-8"))
    return {
        bug: Outcome(
            _run(outcome["broken"]),
            _run(outcome["mended"]) if outcome["mended"] else None,
            Confirmed(**outcome["confirmed"]) if outcome["confirmed"] else None,
        )
        for bug, outcome in told.items()
    }


def write(outcomes: Outcomes) -> None:
    """Write the data file."""
    told = {bug: asdict(outcomes[bug]) for bug in sorted(outcomes)}
    for outcome in told.values():
        for run in ("broken", "mended"):
            if outcome[run]:
                outcome[run]["seconds"] = float(f"{outcome[run]['seconds']:.2g}")
    text = json.dumps(told, indent=1, ensure_ascii=False)
    DATA.write_text(text + "\n", encoding="utf-8")


def changes(bug: str, was: Outcome | None, now: Outcome) -> list[str]:
    """Tell what of a bug is not as it was measured.

    Args:
        bug: Its name.
        was: What was measured.
        now: What is measured now; the time it takes, and how many orders, may be others.

    Returns:
        A line for each version, and for the script.
    """
    if was is None:
        return [f"{bug}: was not measured"]
    told: list[str] = []
    for run, before in ((now.broken, was.broken), (now.mended, was.mended)):
        if type(run) is not type(before):
            told.append(f"{bug}: was {before}, is {run}")
    if now.confirmed and was.confirmed and now.confirmed.broken != was.confirmed.broken:
        told.append(f"{bug}, confirm.py: was {was.confirmed}, is {now.confirmed}")
    return told
