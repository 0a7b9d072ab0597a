"""Virtual time for `anyio.run`, whichever event loop it runs."""

from datetime import datetime

from awaits.testing.clock import VirtualClock, timekeeper_of
from awaits.testing.loops import adapter
from awaits.testing.loops.timekeeper import Timekeeper


def virtual_time(
    backend: str,
    clock: VirtualClock | None = None,
    *,
    idle: float = 0.0,
    wall: bool | datetime = False,
) -> dict[str, object]:
    """Return the options that make `anyio.run` run in virtual time.

    Args:
        backend: The `backend` that `anyio.run` is given: `asyncio` or `trio`.
        clock: A clock to hold and to move by hand; without one, each run has its own.
        idle: As for `VirtualClock`; for a clock of its own.
        wall: As for `VirtualClock`; for a clock of its own.

    Returns:
        What to give as `backend_options`.

    Raises:
        ValueError: There is no such backend, it is not installed, or it has no virtual time.
    """

    def make() -> Timekeeper:
        return Timekeeper(idle=idle, wall=wall) if clock is None else timekeeper_of(clock)

    return adapter(backend).options(make)
