"""How often a thread has gone to sleep: so it is known whether one was woken. Linux tells.

Where a thread stands does not tell: it stands there as well if it was woken a moment ago, and now
waits for a processor or for Python's own lock. But then it can run, or has gone to sleep again.
"""

import os
import threading
from types import FrameType
from typing import TypeAlias

_open, _read, _close = os.open, os.read, os.close  # a test may replace them

Place: TypeAlias = tuple[int | FrameType, int, int] | None
"""Where a thread stands, with how often it has gone to sleep; `None` if it can run."""


def read(path: str) -> bytes:
    """Return the beginning of a file; nothing if it cannot be read."""
    try:
        file = _open(path, os.O_RDONLY)
    except OSError:
        return b""
    try:
        return _read(file, 10_000)
    except OSError:  # the thread has ended meanwhile
        return b""
    finally:
        _close(file)


SLEEPS_ARE_TOLD: bool = b"\nvoluntary_ctxt_switches:" in read("/proc/self/status")
"""Whether the system tells how often a thread has gone to sleep, as Linux does."""


def place(thread: threading.Thread, frame: FrameType) -> Place:
    """Return where a thread stands, with how often it has gone to sleep so far.

    So the place of one that was woken is another, also where it waits for Python's own lock, or has
    come back. Only Linux tells: on other systems, the place is just that in the code.

    Returns:
        `None` if it only waits for a processor.
    """
    n = n_sleeps(thread)
    # Elsewhere, the frame stays alive, so that no later one has its address.
    where = id(frame) if SLEEPS_ARE_TOLD else frame
    return None if n is None else (where, frame.f_lasti, n)


def n_sleeps(thread: threading.Thread) -> int | None:
    """Return how often a thread has gone to sleep; `None` if it only waits for a processor."""
    return slept(f"/proc/self/task/{thread.native_id}")


def slept(folder: str) -> int | None:
    """Return how often a thread has gone to sleep; `None` if it runs, or is about to.

    Args:
        folder: What Linux tells of it.
    """
    told = read(f"{folder}/status")
    if not (told and SLEEPS_ARE_TOLD):  # it may have ended
        return 0
    if b"\nState:\tR" in told or b"\nState:\tD" in told:  # D: it waits for a disk
        return None
    return int(told.rpartition(b"\nvoluntary_ctxt_switches:")[2].split()[0])
