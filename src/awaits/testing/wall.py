"""The wall clock beside virtual time: `time.time()`, `datetime.now()` and the like."""

import time
from datetime import UTC, datetime


class WallClock:
    """The wall clock, moved by time-machine as virtual time moves.

    Args:
        began: The instant at 0.0 of virtual time (without a timezone, UTC); `True` means now.

    Raises:
        ValueError: time-machine is not installed.
    """

    def __init__(self, began: bool | datetime) -> None:
        try:
            import time_machine  # noqa: PLC0415 an extra
        except ImportError:
            raise ValueError(
                "The wall clock is moved by time-machine, which is not installed; "
                "install it with: pip install time-machine"
            ) from None
        if isinstance(began, datetime):
            began = began if began.tzinfo else began.replace(tzinfo=UTC)
            self._began = began.timestamp()
        else:
            self._began = time.time()
        self._travel = time_machine.travel(self._began, tick=False)
        self._traveller = self._travel.start()

    def move(self, now: float) -> None:
        """Show the instant that is `now` seconds after the beginning."""
        self._traveller.move_to(self._began + now)

    def stop(self) -> None:
        """Show the real time again."""
        self._travel.stop()
