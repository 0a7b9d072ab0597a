"""The event loops that the kit knows: one table, and the functions that read it."""

import importlib.metadata
import importlib.util
import platform
import sys
from asyncio import get_running_loop
from typing import NamedTuple, TypeAlias

AnyioBackend: TypeAlias = tuple[str, dict[str, object]]
"""What anyio calls a backend: its name, and the options that `anyio.run` passes to it."""

EVERY = "all"

# With `use_uvloop`, anyio takes winloop on Windows, where there is no uvloop.
_UVLOOP = "winloop" if sys.platform == "win32" else "uvloop"


class Backend(NamedTuple):
    """An event loop, as a row of the table."""

    needs: str
    """The module that must be installed."""
    anyio: AnyioBackend
    """What anyio calls it."""
    adapter: str | None
    """The module of `awaits.testing.loops` that steers its time and its order."""
    steers_not: str = ""
    """If there is no adapter, why: the words that follow "because it"."""


_TABLE = {
    "asyncio": Backend("asyncio", ("asyncio", {}), "_asyncio"),
    "trio": Backend("trio", ("trio", {}), "_trio"),
    "asyncio+uvloop": Backend(
        _UVLOOP, ("asyncio", {"use_uvloop": True}), None, "keeps its own timers and queue"
    ),
}

NAMES: tuple[str, ...] = tuple(_TABLE)
"""Every event loop that can be named, installed or not."""


def installed() -> tuple[str, ...]:
    """Return the names of the event loops that are installed, without importing them."""
    return tuple(name for name, row in _TABLE.items() if importlib.util.find_spec(row.needs))


def parse(names: str) -> tuple[str, ...]:
    """Read what a user typed, such as `asyncio,trio`.

    Args:
        names: Names of event loops, separated by commas; `all` means every one that is installed.

    Returns:
        The names, each once, in the order given.

    Raises:
        ValueError: A name is unknown, or its event loop is not installed.
    """
    found: dict[str, None] = {}
    for name in (part.strip() for part in names.split(",")):
        if name == EVERY:
            found.update(dict.fromkeys(installed()))
        else:
            check(name)
            found[name] = None
    return tuple(found)


def check(name: str) -> None:
    """Raise an error that says why an event loop cannot be chosen, if it cannot.

    Args:
        name: What a user typed for one event loop.

    Raises:
        ValueError: The name is unknown, or its event loop is not installed.
    """
    needs = _row(name).needs
    if name not in installed():
        raise ValueError(
            f"The event loop {name!r} is not installed; install it with: pip install {needs}"
        )


def _row(name: str) -> Backend:
    """Return the row of an event loop; raise `ValueError` if there is none of that name."""
    if name not in _TABLE:
        raise ValueError(f"There is no event loop {name!r}; choose from {', '.join(NAMES)}.")
    return _TABLE[name]


def not_steered(name: str) -> str:
    """Return the sentence that tells why an event loop cannot be steered; empty if it can.

    Args:
        name: One of `NAMES`.
    """
    row = _row(name)
    if row.adapter is not None:
        return ""
    steered = [other for other, it in _TABLE.items() if it.adapter]
    return (
        f"{name} has neither virtual time nor another order of its tasks, because it "
        f"{row.steers_not}; choose {' or '.join(steered)}."
    )


def check_steered(name: str) -> str:
    """Raise an error that says why time and order cannot be steered on an event loop, if so.

    Args:
        name: What a user typed for one event loop.

    Returns:
        The module of `awaits.testing.loops` that steers it.

    Raises:
        ValueError: There is no such event loop, it is not installed, or it cannot be steered.
    """
    if name not in _TABLE:
        steered = ", ".join(other for other, it in _TABLE.items() if it.adapter)
        raise ValueError(f"There is no event loop {name!r}; choose from {steered}.")
    check(name)
    row = _TABLE[name]
    if row.adapter is None:
        raise ValueError(not_steered(name))
    return row.adapter


def is_steered(name: str) -> bool:
    """Tell whether time and order can be steered on an event loop.

    Args:
        name: One of `NAMES`.

    Raises:
        ValueError: It is none of them.
    """
    return _row(name).adapter is not None


def anyio_backend(name: str) -> AnyioBackend:
    """Return what anyio calls the event loop of that name.

    Args:
        name: One of `NAMES`.

    Returns:
        The arguments `backend` and `backend_options` of `anyio.run`.

    Raises:
        ValueError: There is no such event loop.
    """
    backend, options = _row(name).anyio
    return backend, dict(options)


def name_of(backend: object) -> str | None:
    """Return the name of an event loop, given the value of an `anyio_backend` fixture.

    Args:
        backend: What anyio accepts as a backend: a name, or a name with options.

    Returns:
        One of `NAMES`; `None` if `backend` is no such value.
    """
    match backend:
        case ("asyncio", {"use_uvloop": True}):
            return "asyncio+uvloop"
        case "asyncio" | ("asyncio", {}):  # {} matches any options
            return "asyncio"
        case "trio" | ("trio", {}):
            return "trio"
        case _:
            return None


def running() -> str:
    """Return the name of the event loop that runs the caller.

    This asks the event loops themselves, because anyio and sniffio only repeat what they were told.

    Raises:
        RuntimeError: No event loop runs the caller.
    """
    if trio_task() is not None:
        return "trio"
    loop = type(get_running_loop())
    return "asyncio+uvloop" if loop.__module__.split(".")[0] == _UVLOOP else "asyncio"


def trio_task() -> object:
    """Return the task of trio's that runs the caller; `None` if it is none."""
    trio = sys.modules.get("trio")
    if trio is None:
        return None
    try:
        task: object = trio.lowlevel.current_task()
    except RuntimeError:  # `in_trio_task` is new in trio 0.28, and asyncio's tests run beside any
        return None
    return task


def version(name: str) -> str:
    """Return the name of an event loop, and the version of what provides it.

    Args:
        name: One of `NAMES`, installed.

    Raises:
        ValueError: There is no such event loop, or it is not installed.
    """
    check(name)
    if name == "asyncio":
        return f"asyncio (Python {platform.python_version()})"
    return f"{name} {importlib.metadata.version(_TABLE[name].needs)}"
