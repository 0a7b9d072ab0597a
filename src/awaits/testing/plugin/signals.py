"""Signals that nobody has taken because a test was cut off: they must not end the session."""

import contextlib
import signal
import threading
from collections.abc import Generator
from types import FrameType

# What would end the process. Not all systems have all of them.
_NAMES = ("SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGTERM", "SIGBREAK")
_SIGNALS = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]


@contextlib.contextmanager
def not_raised_again() -> Generator[None]:
    """Ignore what the program raises again in the block, if it would end the process.

    trio's `open_signal_receiver` and uvicorn do so, for whoever had a handler before them.
    """
    taken: list[int] = []
    if threading.current_thread() is threading.main_thread():
        taken += (it for it in _SIGNALS if signal.getsignal(it) is signal.SIG_DFL)
    for number in taken:
        signal.signal(number, _end_unless_raised_again)
    try:
        yield
    finally:
        for number in taken:
            if signal.getsignal(number) is _end_unless_raised_again:
                signal.signal(number, signal.SIG_DFL)


def _end_unless_raised_again(number: int, frame: FrameType | None) -> None:
    if frame is None or signal.raise_signal.__name__ not in frame.f_code.co_names:
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)
