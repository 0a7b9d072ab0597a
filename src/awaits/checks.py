"""Checks that refuse, in one sentence, numbers that do not fit and libraries that are missing."""

import importlib.metadata
import importlib.util
from collections.abc import Generator
from contextlib import contextmanager

# The package may be installed under another name than it is imported by.
NOT_INSTALLED_AS = "awaits-kit"


def check_whole(name: str, number: object, lowest: int | None = None) -> None:
    """Refuse what is not a whole number, or is too low.

    Args:
        name: What the number is called.
        number: The number.
        lowest: The lowest number that is allowed; `None` allows any.

    Raises:
        ValueError: It is not a whole number, or is below `lowest`.
    """
    fits = isinstance(number, int) and (lowest is None or number >= lowest)
    if not fits or isinstance(number, bool):
        at_least = "" if lowest is None else f" of at least {lowest}"
        raise ValueError(f"{name} must be a whole number{at_least}, not {number!r}.")


def whole(name: str, text: str, lowest: int | None = None) -> int:
    """Read a whole number that a user typed.

    Args:
        name: What the number is called.
        text: What was typed.
        lowest: The lowest number that is allowed; `None` allows any.

    Returns:
        The number.

    Raises:
        ValueError: As for `check_whole`, in the same words.
    """
    try:
        number = int(text)
    except ValueError:
        check_whole(name, text, lowest)
        raise
    check_whole(name, number, lowest)
    return number


def check_seconds(name: str, seconds: object) -> None:
    """Refuse what is not a number of seconds that can be waited for.

    Args:
        name: What the number is called.
        seconds: The number.

    Raises:
        ValueError: It is not a number, is infinite, or is not above 0.
    """
    if not (isinstance(seconds, int | float) and 0 < seconds < float("inf")):
        raise ValueError(f"{name} must be a number of seconds above 0, not {seconds!r}.")


def seconds(name: str, text: str) -> float:
    """Read a number of seconds that a user typed.

    Args:
        name: What the number is called.
        text: What was typed.

    Returns:
        The number.

    Raises:
        ValueError: As for `check_seconds`, in the same words.
    """
    try:
        number = float(text)
    except ValueError:
        check_seconds(name, text)
        raise
    check_seconds(name, number)
    return number


@contextmanager
def extra(name: str) -> Generator[None]:
    """Say what to install when an import in the block fails.

    Args:
        name: The extra of this package that brings what the block imports.

    Raises:
        ValueError: A library is not installed, or is a version that does not fit.
    """
    try:
        with needs(name):
            yield
    except ModuleNotFoundError as error:
        raise ValueError(str(error)) from None
    except ImportError as error:
        raise ValueError(f"{error}; {to_install(name)}") from None


@contextmanager
def needs(name: str) -> Generator[None]:
    """Say what to install when an import in the block fails, for a module that is nothing without.

    Args:
        name: The extra of this package that brings what the block imports.

    Raises:
        ModuleNotFoundError: A library is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        sentence = _missing(str(error.name).partition(".")[0], name)
        raise ModuleNotFoundError(sentence, name=error.name) from None


def check_installed(library: str, extra_name: str) -> None:
    """Say what to install when a library is missing, without importing it.

    Args:
        library: The name that it is imported by.
        extra_name: The extra of this package that brings it.

    Raises:
        ValueError: It is not installed.
    """
    if importlib.util.find_spec(library) is None:
        raise ValueError(_missing(library, extra_name))


def to_install(extra_name: str) -> str:
    """Return how an extra of this package is installed, as the end of a sentence.

    Args:
        extra_name: The extra's name.
    """
    return f"install it with: pip install '{distribution()}[{extra_name}]'"


def _missing(library: str, extra_name: str) -> str:
    return f"{library} is not installed; {to_install(extra_name)}"


def distribution() -> str:
    """Return the name that this package is installed under, which pip knows it by.

    On PyPI, `awaits` is another project. So the name comes from what is installed here.
    """
    package = __name__.partition(".")[0]
    # Found by the command that only this package has. For an editable install, the answer of
    # `packages_distributions` depends on the tool that built it.
    for command in importlib.metadata.entry_points(group="console_scripts", name=package):
        if command.module.startswith(f"{package}.") and command.dist is not None:
            return command.dist.name
    return NOT_INSTALLED_AS


def version() -> str:
    """Return the version of this package that is installed; `unknown` if none is."""
    try:
        return importlib.metadata.version(distribution())
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
