"""The bugs in the wild: one folder each."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

WILD = Path(__file__).parent
ROOT = WILD.parent.parent


@dataclass(frozen=True)
class Version:
    """A version of a library, and what its environment needs."""

    version: str
    python: str = "3.11"
    requires: tuple[str, ...] = ()
    """What is installed beside the kit."""
    overrides: tuple[str, ...] = ()
    """What is installed though the kit asks for something newer."""


@dataclass(frozen=True)
class WildBug:
    """A bug in a published library: what its `bug.toml` says."""

    id: str
    """The name of its folder."""
    library: str
    breaks: str
    """What goes wrong, in one sentence."""
    promise: str
    """What the documentation says, in our words or in a few of its own."""
    promise_url: str
    reading: bool
    """Whether the promise is our reading, and stands nowhere in such words."""
    source: str
    """Where the bug is told of in public; nothing where it was not found told."""
    backends: str
    downloads: str
    """Its rank among the most downloaded of PyPI, in November 2026; nothing if it is not known."""
    broken: Version
    """The version that has it; the latest one that was seen, if it is new."""
    mended: Version | None
    """The first version known not to have it; None if there is none."""

    @property
    def folder(self) -> Path:
        return WILD / self.id

    @property
    def is_new(self) -> bool:
        """Whether a current release has it."""
        return self.mended is None


WANTED = {"library", "breaks", "promise", "promise_url", "source", "backends", "broken"}
OPTIONAL = {"reading", "downloads", "mended"}


def _version(told: dict[str, object]) -> Version:
    version, python = told.get("version"), told.get("python", "3.11")
    requires, overrides = told.get("requires", []), told.get("overrides", [])
    assert isinstance(version, str)
    assert isinstance(python, str)
    assert isinstance(requires, list)
    assert isinstance(overrides, list)
    return Version(version, python, tuple(map(str, requires)), tuple(map(str, overrides)))


def read(folder: Path) -> WildBug:
    """Read the bug of a folder.

    Raises:
        ValueError: Its `bug.toml` does not say all, or something else.
    """
    told = tomllib.loads((folder / "bug.toml").read_text(encoding="utf-8"))
    if not WANTED <= told.keys() <= WANTED | OPTIONAL:
        raise ValueError(
            f"{folder.name}/bug.toml must have {sorted(WANTED)}, and may have {sorted(OPTIONAL)}."
        )
    mended = told.get("mended")
    return WildBug(
        id=folder.name,
        library=told["library"],
        breaks=told["breaks"],
        promise=told["promise"],
        promise_url=told["promise_url"],
        reading=told.get("reading", False),
        source=told["source"],
        backends=told["backends"],
        downloads=told.get("downloads", ""),
        broken=_version(told["broken"]),
        mended=None if mended is None else _version(mended),
    )


def all_bugs() -> list[WildBug]:
    """Return the bugs: those that were mended, then the new ones, by name."""
    found = [read(file.parent) for file in WILD.glob("*/bug.toml")]
    return sorted(found, key=lambda bug: (bug.is_new, bug.id))
