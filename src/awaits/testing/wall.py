"""The wall clock beside virtual time: `time.time()`, `datetime.now()` and the like."""

import time
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    import time_machine


def check_time_machine() -> None:
    """Check that the wall clock can be moved.

    Raises:
        ValueError: time-machine is not installed.
    """
    if find_spec("time_machine") is None:
        raise ValueError(
            "The wall clock is moved by time-machine, which is not installed; "
            "install it with: pip install time-machine"
        )


class WallClock:
    """The wall clock, moved by time-machine as virtual time moves.

    Each open event loop has its own. The time of the one that was moved last is shown.

    Args:
        began: The instant at 0.0 of virtual time (without a timezone, UTC); `True` means now.

    Raises:
        ValueError: time-machine is not installed.
    """

    _open: ClassVar[dict["WallClock", float]] = {}  # what each shows, the one moved last at the end
    # time-machine shows the traveller that began last, whichever is moved, so all share this one.
    _travel: ClassVar["time_machine.travel"]
    _traveller: ClassVar["time_machine.Traveller"]

    def __init__(self, began: bool | datetime) -> None:
        check_time_machine()
        import time_machine  # noqa: PLC0415 an extra

        if isinstance(began, datetime):
            began = began if began.tzinfo else began.replace(tzinfo=UTC)
            self._began = began.timestamp()
        else:
            self._began = time.time()
        if not self._open:
            WallClock._travel = time_machine.travel(self._began, tick=False)
            WallClock._traveller = self._travel.start()
        self.move(0.0)

    def move(self, now: float) -> None:
        """Show the instant that is `now` seconds after the beginning."""
        self._open.pop(self, None)
        self._open[self] = self._began + now
        self._traveller.move_to(self._began + now)

    def stop(self) -> None:
        """Show the time of the one that was moved last before; the real time if there is none."""
        self._open.pop(self, None)
        if self._open:
            self._traveller.move_to(next(reversed(self._open.values())))
        else:
            self._travel.stop()
