"""The bugs: one folder each."""

import platform
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from packaging.specifiers import SpecifierSet

CATALOGUE = Path(__file__).parent.parent
ROOT = CATALOGUE.parent

Program: TypeAlias = Literal["wrong", "right"]
PROGRAMS: tuple[Program, ...] = ("wrong", "right")

FAMILIES = (
    "forgotten awaits",
    "tasks",
    "blocking",
    "cancellation",
    "order",
    "time",
    "generators and scopes",
    "event loops",
)


@dataclass(frozen=True)
class Bug:
    """A bug: what its `bug.toml` says."""

    id: str
    """The name of its folder."""
    name: str
    sentence: str
    """What goes wrong."""
    family: str
    source: str
    """Where it is told of, in public."""
    since: str
    """Since when it can be had."""
    backends: tuple[str, ...]
    """The event loops on which the programs run."""
    python: str = ""
    """The Pythons that have it, as `<3.12`; each one if it is not said."""

    @property
    def is_here(self) -> bool:
        """Whether this Python has it."""
        return platform.python_version() in SpecifierSet(self.python)

    @property
    def folder(self) -> Path:
        return CATALOGUE / self.id

    def file(self, program: Program) -> Path:
        return self.folder / f"{program}.py"

    @property
    def test(self) -> Path:
        return self.folder / "test_it.py"


def read(folder: Path) -> Bug:
    """Read the bug of a folder.

    Raises:
        ValueError: Its `bug.toml` does not say all, or something else.
    """
    told = tomllib.loads((folder / "bug.toml").read_text(encoding="utf-8"))
    backends = tuple(told.pop("backends", ()))
    wanted = {"name", "sentence", "family", "source", "since"}
    if not backends or told.keys() - {"python"} != wanted:
        raise ValueError(f"{folder.name}/bug.toml must have backends and {sorted(wanted)}.")
    if told["family"] not in FAMILIES:
        raise ValueError(f"{folder.name}/bug.toml: family must be one of {FAMILIES}.")
    return Bug(id=folder.name, backends=backends, **told)


def all_bugs() -> list[Bug]:
    """Return the bugs, family by family."""
    bugs = [read(file.parent) for file in CATALOGUE.glob("*/bug.toml")]
    return sorted(bugs, key=lambda bug: (FAMILIES.index(bug.family), bug.id))
