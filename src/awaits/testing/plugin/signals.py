"""Signals that nobody has taken because a test was cut off: they must not end the session."""

import contextlib
import signal
from collections.abc import Generator
from signal import getsignal
from threading import current_thread, main_thread
from types import FrameType

# What would end the process. Not all systems have all of them.
_NAMES = ("SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGTERM", "SIGBREAK")
_SIGNALS = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]

_handle = signal.signal  # a test may replace it


@contextlib.contextmanager
def not_raised_again() -> Generator[None]:
    """Ignore what the program raises again in the block, if it would end the process.

    trio's `open_signal_receiver` and uvicorn do so, for whoever had a handler before them.
    """
    taken: list[int] = []
    if current_thread() is main_thread():
        taken += (it for it in _SIGNALS if getsignal(it) is signal.SIG_DFL)
    for number in taken:
        _handle(number, _end_unless_raised_again)
    try:
        yield
    finally:
        for number in taken:
            if getsignal(number) is _end_unless_raised_again:
                _handle(number, signal.SIG_DFL)


def _end_unless_raised_again(number: int, frame: FrameType | None) -> None:
    if frame is None or signal.raise_signal.__name__ not in frame.f_code.co_names:
        _handle(number, signal.SIG_DFL)
        signal.raise_signal(number)
