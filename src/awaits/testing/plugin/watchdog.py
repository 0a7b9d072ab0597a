"""What watches a test: whether it ends in time, and if not, where its tasks stand."""

import contextlib
import functools
import inspect
import signal
import sys
import time
from asyncio import get_running_loop
from collections.abc import Callable
from signal import SIG_DFL, SIG_IGN, getsignal
from threading import TIMEOUT_MAX, Event, Thread, current_thread, get_ident, main_thread
from types import BuiltinFunctionType, FrameType

from awaits.testing import backends
from awaits.testing.leftovers.places import place_in
from awaits.testing.loops import adapter_here, real
from awaits.testing.loops.frames import runs_steps
from awaits.testing.loops.stacks import POOLS, frames
from awaits.testing.loops.standing import told

MOST_CANCELS = 3  # after so many, what goes on may do so for ever
SECONDS_TO_CLEAN_UP = 30.0  # real ones, until what blocks the event loop is interrupted again
SECONDS_TO_ANSWER = 1.0  # real ones, in which an event loop that is not blocked answers

# What interrupts code that blocks the event loop. A program may use SIGUSR1 and SIGUSR2, also by
# `faulthandler.register`, of which Python's `signal` does not know; few use real-time signals.
# macOS has none of these, and Windows no signals at all.
SIGNAL: int | None = (
    signal.SIGRTMIN + 3 if hasattr(signal, "SIGRTMIN") else getattr(signal, "SIGUSR2", None)
)

# A test may replace these. Windows has no alarm clock.
_start, _join, _handle = Thread.start, Thread.join, signal.signal
if sys.platform != "win32":
    _set_alarm = functools.partial(signal.setitimer, signal.ITIMER_REAL)

_STANDS_STILL = (
    "the event loop's clock stands still, because time.monotonic() is frozen, so no sleep ends; "
    "freezegun leaves it alone with real_asyncio=True"
)

_DEBUGGERS = {"bdb", "pdb", "pydevd"}

_OF_COROUTINES = inspect.CO_COROUTINE | inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR

# Virtual time must not wait for the thread that watches.
POOLS.add((__name__, "Watchdog._watch"))


class _BlockedError(BaseException):
    """Raised in code that blocks the event loop; nobody should catch it."""


class Watchdog:
    """Watches a test or a fixture from a thread of its own.

    Args:
        seconds: How many real seconds it has.
        late: What to say if it is late, such as "the test has not ended".
        cancel: Ends it, in its event loop.
        tell: Shows the report at once, if what is late goes on though it was cancelled again and
            again.
    """

    def __init__(
        self,
        seconds: float,
        late: str,
        cancel: Callable[[], None],
        tell: Callable[[str], object] = lambda _: None,
    ) -> None:
        self.report: str = ""  # if it took too long
        self._seconds = min(seconds, TIMEOUT_MAX)
        self._late = f"After {seconds:g} s, {late}"
        self._cancel = cancel
        self._tell = tell
        self._adapter = adapter_here()
        self._loop = get_ident()  # its thread
        self._soon = _soon()
        self._answered = Event()
        self._is_over = Event()
        self._is_late = False
        self._n_cancels = 0
        self._before: object = SIG_IGN
        self._outside: FrameType | None = None  # the frame around all steps, if C runs them
        self._interrupted: FrameType | None = None  # the step that was interrupted last
        self._interrupted_at = 0.0

    def __enter__(self) -> None:
        self._outside = _caller_of_steps(inspect.currentframe())
        if SIGNAL is not None and current_thread() is main_thread():
            self._before = getsignal(SIGNAL)
            if self._before is SIG_DFL:
                _handle(SIGNAL, self._interrupt)
        self._begin()

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._answered.set()
        self._end()
        self._outside = self._interrupted = None
        if (
            SIGNAL is not None
            and self._before is SIG_DFL
            and getsignal(SIGNAL) == self._interrupt  # the program may have set its own
        ):
            _handle(SIGNAL, SIG_DFL)

    def _begin(self) -> None:
        self._thread = Thread(target=self._watch, name="anyio-timeout", daemon=True)
        _start(self._thread)

    def _end(self) -> None:
        _join(self._thread)

    def _watch(self) -> None:
        seconds = self._seconds
        while not self._is_over.wait(seconds) and self._look(frames().get(self._loop)):
            seconds = SECONDS_TO_ANSWER

    def _look(self, frame: FrameType | None) -> bool:
        """Do what is due: when it is late, and then each second. Tell whether to look again.

        Args:
            frame: Where the event loop's thread stands.
        """
        if not self._is_late:
            self._is_late = not _is_debugged(frame)
            with contextlib.suppress(RuntimeError, OSError):  # the event loop is gone
                if self._is_late:
                    self._soon(self._expire)
            return self._is_late
        if not self._answered.is_set():
            self._end_what_blocks(frame)  # then the next task may block it
            return True
        self._n_cancels += 1
        try:
            self._soon(self._cancel_if_it_is_not_over)
        except (RuntimeError, OSError):  # the event loop is gone
            return False
        if self._n_cancels == MOST_CANCELS:
            self._tell(f"{self.report}\n  It was cancelled, and has not ended since.")
        return True

    def _end_what_blocks(self, frame: FrameType | None) -> None:
        """Note where a task blocks the event loop, and interrupt it: then it may clean up."""
        step = self._step_in(frame)
        now = real.seconds()
        cleans_up = step is self._interrupted and now - self._interrupted_at < SECONDS_TO_CLEAN_UP
        if step is None or cleans_up:
            return
        self.report = self.report or (
            f"{self._late}, and its event loop is blocked:\n  a task runs at {place_in(frame)}, "
            f"and has not awaited for {SECONDS_TO_ANSWER:g} s or more"
        )
        if SIGNAL is not None and self._before is SIG_DFL:
            self._interrupted, self._interrupted_at = step, now
            signal.pthread_kill(self._loop, SIGNAL)

    def _cancel_if_it_is_not_over(self) -> None:
        if not self._is_over.is_set():  # it may have ended since this was asked for
            self._cancel()

    def _expire(self) -> None:
        """Note where all tasks stand, and end what is late. It is called in the event loop."""
        self._answered.set()
        if self._is_over.is_set():
            return
        told_of = [*told(self._adapter.standing_here()), *([_STANDS_STILL] * _is_frozen())]
        lines = "".join(f"\n  {line}" for line in told_of)
        self.report = self.report or f"{self._late}:{lines}"
        self._cancel()

    def _interrupt(self, _number: int, frame: FrameType | None) -> None:
        """Interrupt what blocks the event loop, but never the event loop itself."""
        if not self._answered.is_set() and self._step_in(frame) is not None:
            raise _BlockedError

    def _step_in(self, frame: FrameType | None) -> FrameType | None:
        """Return the frame in which the step that runs has begun; `None` if no step runs."""
        step, outside = frame, frame
        while outside is not None and outside is not self._outside:
            if runs_steps(outside):
                return step
            step, outside = outside, outside.f_back
        return None if outside is None or outside is frame else step


class Alarm(Watchdog):
    """Watches by the alarm clock of the process, which costs nothing until it rings.

    There is no thread, so a program may count its threads, or fork. There is one such clock: a
    program that sets it itself takes it away.
    """

    def begin_anew(self) -> None:
        """Give what is watched all of its seconds again, if it is not late."""
        if not self._is_late and getsignal(signal.SIGALRM) == self._ring:
            _set_alarm(self._seconds, SECONDS_TO_ANSWER)

    def _begin(self) -> None:
        _handle(signal.SIGALRM, self._ring)
        self.begin_anew()

    def _end(self) -> None:
        if getsignal(signal.SIGALRM) == self._ring:
            _set_alarm(0, 0)
            _handle(signal.SIGALRM, SIG_DFL)

    def _ring(self, _number: int, frame: FrameType | None) -> None:
        if not self._look(frame):
            _set_alarm(0, 0)


def has_alarm() -> bool:
    """Tell whether there is an alarm clock that nobody uses, in the main thread alone."""
    return (
        sys.platform != "win32"
        and current_thread() is main_thread()
        and getsignal(signal.SIGALRM) is SIG_DFL
        and signal.getitimer(signal.ITIMER_REAL)[0] == 0
    )


def _soon() -> Callable[[Callable[[], None]], object]:
    """Return what other threads can call to make the running event loop call a function."""
    if backends.running() == "trio":
        import trio  # noqa: PLC0415 it runs

        return trio.lowlevel.current_trio_token().run_sync_soon
    return get_running_loop().call_soon_threadsafe


def _caller_of_steps(frame: FrameType | None) -> FrameType | None:
    """Return the frame that has called the current step."""
    frame = frame and frame.f_back
    while frame is not None and (
        frame.f_code.co_flags & _OF_COROUTINES
        or frame.f_globals.get("__name__") == "contextlib"  # a context manager made of a generator
    ):
        frame = frame.f_back
    return frame


def _is_frozen() -> bool:
    """Tell whether the running event loop is asyncio's, and asks a clock that stands still.

    It is asked outside of all tasks, so anyio does not know which event loop runs.
    """
    if type(time.monotonic) is BuiltinFunctionType:
        return False
    with contextlib.suppress(RuntimeError):  # this is trio
        return get_running_loop().time() == time.monotonic()
    return False


def _is_debugged(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_globals.get("__name__") in _DEBUGGERS:
            return True
        frame = frame.f_back
    return False
