"""The test kit: the pytest plugin and what it builds on. It does not depend on the program.

- `Schedule`: an order of tasks, to open around the code under test.
- `every_schedule`: every order of one test, up to a bound; an `EverySchedule`.
- `Late`, `Cancel`: the types of what a schedule says, how late a step is and where to cancel.
- `schedules`: a strategy of Hypothesis that draws orders.
- `virtual_time`: the options that make `anyio.run` run in virtual time.
- `VirtualClock`: that time, to hold and to move by hand.
- `DeadlockError`, `LivelockError`: nothing can ever run again, or time never moves.

`awaits.testing.stateful` has Hypothesis's state machines with async rules. The options, markers and
fixtures of the plugin are in `pytest --help`, `--markers` and `--fixtures`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from awaits.testing.clock import VirtualClock
    from awaits.testing.deadlock import DeadlockError, LivelockError
    from awaits.testing.deviations import Cancel, Late
    from awaits.testing.every import EverySchedule, every_schedule
    from awaits.testing.run import virtual_time
    from awaits.testing.schedule import Schedule
    from awaits.testing.strategy import schedules

__all__ = [
    "Cancel",
    "DeadlockError",
    "EverySchedule",
    "Late",
    "LivelockError",
    "Schedule",
    "VirtualClock",
    "every_schedule",
    "schedules",
    "virtual_time",
]

_ROOMS = {
    "Cancel": "deviations",
    "DeadlockError": "deadlock",
    "EverySchedule": "every",
    "Late": "deviations",
    "LivelockError": "deadlock",
    "Schedule": "schedule",
    "VirtualClock": "clock",
    "every_schedule": "every",
    "schedules": "strategy",
    "virtual_time": "run",
}


def __dir__() -> list[str]:
    return sorted(__all__)


def __getattr__(name: str) -> object:
    # Imported only when used: every run of pytest imports this package, and most use none of these.
    if name in _ROOMS:
        return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
