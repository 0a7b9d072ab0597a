"""Virtual time for `anyio.run`, whichever event loop it runs."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal, overload

from awaits.testing.clock import VirtualClock, timekeeper_of
from awaits.testing.loops import adapter
from awaits.testing.loops.timekeeper import TURNS, Timekeeper


@overload
def virtual_time(
    backend: Literal["asyncio"],
    clock: VirtualClock | None = None,
    *,
    idle: float = 0.0,
    wall: bool | datetime = False,
    turns: int = TURNS,
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]: ...
@overload
def virtual_time(
    backend: str,
    clock: VirtualClock | None = None,
    *,
    idle: float = 0.0,
    wall: bool | datetime = False,
    turns: int = TURNS,
) -> dict[str, Any]: ...  # as anyio takes them
def virtual_time(
    backend: str,
    clock: VirtualClock | None = None,
    *,
    idle: float = 0.0,
    wall: bool | datetime = False,
    turns: int = TURNS,
) -> dict[str, Any]:
    """Return the options that make `anyio.run` run in virtual time.

    Args:
        backend: The `backend` that `anyio.run` is given: `asyncio` or `trio`.
        clock: A clock to hold and to move by hand; without one, each run has its own.
        idle: As for `VirtualClock`, if `clock` is not given.
        wall: As for `VirtualClock`, if `clock` is not given.
        turns: As for `VirtualClock`, if `clock` is not given.

    Returns:
        What to give as `backend_options`. On asyncio it has a `loop_factory`, which
        `asyncio.Runner` takes, too.

    Raises:
        ValueError: There is no such backend, it is not installed, or it has no virtual time;
            `clock` is no `VirtualClock`; or `VirtualClock` refuses the other arguments.
    """
    _check(clock)
    if clock is None:
        Timekeeper(idle=idle, wall=wall, turns=turns)  # so that a mistake is told here

    def make() -> Timekeeper:
        if clock is not None:
            return timekeeper_of(clock)
        return Timekeeper(idle=idle, wall=wall, turns=turns)

    return adapter(backend).options(make)


def _check(clock: object) -> None:
    """Refuse what is no clock, such as the class, though a type checker has not seen it."""
    if clock is not None and not isinstance(clock, VirtualClock):
        raise ValueError(f"clock must be a clock such as VirtualClock(), or None, not {clock!r}.")
