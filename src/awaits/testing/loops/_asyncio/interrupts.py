"""Ctrl-C, while an asyncio event loop in virtual time runs.

Python may raise `KeyboardInterrupt` between any two instructions. An event loop that never sleeps
mostly runs its own code at that moment. A step that it has just taken from its queue would be lost,
and the step's task would never end, not even when it is cancelled. So Ctrl-C waits for the end of
the turn, unless the user's own code is running.
"""

import signal
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from signal import SIGINT, default_int_handler, getsignal
from threading import current_thread, main_thread
from types import FrameType
from weakref import WeakMethod

from awaits.testing.deadlock import is_of_a_library

_STDLIB = sys.stdlib_module_names - {"asyncio"}

_handle = signal.signal  # a test may replace it


class Interrupts:
    """Keeps Ctrl-C until the turn of an event loop is over.

    Args:
        wake: A method that makes the event loop begin another turn, if it waits; called from a
            signal handler.
    """

    def __init__(self, wake: Callable[[], object]) -> None:
        self.pending: bool = False  # whether the turn is to end in `KeyboardInterrupt`
        self._wake = WeakMethod(wake)  # a cycle would keep the event loop alive for a while

    @contextmanager
    def kept(self) -> Generator[None]:
        """Keep Ctrl-C in the block, and raise it at its end; the second time, raise it at once."""
        if current_thread() is not main_thread() or getsignal(SIGINT) is not default_int_handler:
            yield  # another handles Ctrl-C, such as `asyncio.Runner`
            return
        self.pending = False
        _handle(SIGINT, self._keep)
        try:
            yield
        finally:
            if getsignal(SIGINT) == self._keep:  # the program may have set its own
                _handle(SIGINT, default_int_handler)
            self.check()  # also if the turn has ended in an error

    def check(self) -> None:
        """Raise what was kept."""
        if self.pending:
            self.pending = False
            raise KeyboardInterrupt

    def _keep(self, _signal: int, frame: FrameType | None) -> None:
        if self.pending or _is_of_the_user(frame):
            raise KeyboardInterrupt
        self.pending = True
        if (wake := self._wake()) is not None:
            wake()


def _is_of_the_user(frame: FrameType | None) -> bool:
    """Tell whether the user's code runs, or a part of Python's library that it has called."""
    while frame is not None:
        module = str(frame.f_globals.get("__name__"))
        if module.partition(".")[0] not in _STDLIB:
            return not is_of_a_library(frame)
        frame = frame.f_back
    return True
