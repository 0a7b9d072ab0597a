"""Real time, also where freezegun has frozen the functions of `time`."""

import sys
import time


def seconds() -> float:
    """Return the time of a clock that nobody sets, in seconds since some instant."""
    if sys.platform == "win32":
        return time.monotonic()
    return time.clock_gettime(time.CLOCK_MONOTONIC)
