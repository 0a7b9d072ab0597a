"""Private names that have moved: one sentence, before anything is half set up."""

import importlib.metadata
import platform
from collections.abc import Iterable, Mapping

KNOWN = {"Python": "3.11 to 3.15", "anyio": "4.16", "trio": "0.32 to 0.35"}
"""The versions in which the private names were read."""


def check_names(library: str, names: Mapping[type, Iterable[str]]) -> None:
    """Look for private names in the classes of a library, before any is relied on.

    Args:
        library: What provides the classes: one of `KNOWN`.
        names: The names in each class.

    Raises:
        ImportError: A name is not there.
    """
    for owner, wanted in names.items():
        for name in wanted:
            if not hasattr(owner, name):
                raise ImportError(f"{owner.__qualname__} has no {name}", name=library)


def does_not_fit(error: Exception) -> str:
    """Return the sentence that tells which library does not fit, and what to do.

    Args:
        error: What importing an adapter raised.
    """
    library = (getattr(error, "name", None) or "Python").partition(".")[0]
    if library not in KNOWN or library == "Python":
        library, version = "Python", platform.python_version()
    else:
        version = importlib.metadata.version(library)
    what = str(error).partition(" (")[0]
    return (
        f"Virtual time and task order do not fit {library} {version} ({what}); install a version "
        f"that is known to fit, {KNOWN[library]}, or a newer release of this package."
    )
