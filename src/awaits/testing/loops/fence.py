"""Checks other libraries' private names before use; one sentence says which has moved."""

import importlib.metadata
import inspect
import platform
import sys
from collections.abc import Iterable, Iterator, Mapping
from types import CodeType, FunctionType, ModuleType

if sys.version_info >= (3, 14):
    import annotationlib

KNOWN = {
    "Python": "3.11 to 3.15",
    "anyio": "4.16",
    "trio": "0.32 to 0.35",
    "pytest": "8.2 to 9.2",
    "hypothesis": "6.130 to 6.170",
    "pytest-asyncio": "1.1 to 1.5",
}
"""The versions in which the private names were read."""

_IMPORTED_AS = {"_pytest": "pytest"}


def check_names(library: str, names: Mapping[type | ModuleType, Iterable[str]]) -> None:
    """Look for private names, before any is relied on.

    Args:
        library: What provides them: one of `KNOWN`.
        names: The names in each class or module. Attributes that a class only sets on its objects
            are looked for in the code of its methods.

    Raises:
        ImportError: A name is not there.
    """
    for owner, wanted in names.items():
        for name in wanted:
            if not hasattr(owner, name) and name not in _names_of_objects(owner):
                where = getattr(owner, "__qualname__", owner.__name__)
                raise ImportError(f"{where} has no {name}", name=library)


def _names_of_objects(owner: type | ModuleType) -> Iterator[str]:
    for kind in owner.__mro__ if isinstance(owner, type) else ():
        yield from _annotations(kind)
        for method in vars(kind).values():
            if isinstance(method, FunctionType):
                code: CodeType = method.__code__
                yield from code.co_names


def _annotations(kind: type) -> Iterable[str]:
    if sys.version_info >= (3, 14):  # annotations may use names that only type checkers know
        return annotationlib.get_annotations(kind, format=annotationlib.Format.FORWARDREF)
    return inspect.get_annotations(kind)


def does_not_fit(error: ImportError | AttributeError) -> str:
    """Return the sentence that tells which library does not fit, and what to do.

    Args:
        error: What importing a module of the kit raised.
    """
    library = (_where(error) or "").partition(".")[0]
    library = _IMPORTED_AS.get(library, library)
    if library not in KNOWN and isinstance(error, ModuleNotFoundError):
        return f"This package needs {library}, which cannot be imported ({error}); install it."
    if library not in KNOWN or library == "Python":
        library, version = "Python", platform.python_version()
    else:
        version = importlib.metadata.version(library)
    what = str(error).partition(" (")[0]
    return (
        f"This package does not fit {library} {version} ({what}); install a version that is known "
        f"to fit, {KNOWN[library]}, or a newer release of this package."
    )


def _where(error: ImportError | AttributeError) -> str | None:
    """Return the name of the module in which the name is missing."""
    if isinstance(error, ImportError):
        return error.name
    if isinstance(error.obj, ModuleType):
        return error.obj.__name__
    return type(error.obj).__module__
