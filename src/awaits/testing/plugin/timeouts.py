"""`--anyio-timeout`: a test that hangs fails, and tells where its tasks stand."""

import contextlib
import functools
import inspect
import math
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Mapping
from types import FrameType

import anyio
import pytest

from awaits.testing import backends
from awaits.testing.leftovers.places import place_in
from awaits.testing.loops import adapter
from awaits.testing.loops.frames import runs_steps
from awaits.testing.loops.standing import told
from awaits.testing.loops.threads import POOLS, frames
from awaits.testing.plugin.bodies import Body, ends_the_run, has_async_body, replaced_body

SECONDS_TO_ANSWER = 1.0  # real ones, in which an event loop that is not blocked answers

_DEBUGGERS = {"bdb", "pdb", "pydevd"}

_OF_COROUTINES = inspect.CO_COROUTINE | inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR

# The thread that watches is no reason to wait, in virtual time.
POOLS.add((__name__, "_watch"))


def bring_in(config: pytest.Config, items: Iterable[pytest.Item], *, default: str) -> None:
    """Have tests fail that take too long, if any is to be watched.

    Args:
        config: pytest's configuration.
        items: The tests of this run.
        default: How many seconds the tests have that say nothing else; "" means for ever.

    Raises:
        pytest.UsageError: The option or a marker says no number of seconds.
    """
    seconds = _seconds(default, "--anyio-timeout") if default else None
    found = {item: _seconds_of(item, seconds) for item in items if has_async_body(item)}
    watched = {item: it for item, it in found.items() if it is not None}
    if watched:
        config.pluginmanager.register(Timeouts(watched), "awaits-timeouts")


def _seconds(given: object, what: str) -> float:
    seconds = math.nan
    if isinstance(given, int | float | str) and not isinstance(given, bool):
        with contextlib.suppress(ValueError):
            seconds = float(given)
    if not 0 < seconds < math.inf:
        raise pytest.UsageError(f"{what} must be a number of seconds above 0, not {given!r}.")
    return seconds


def _seconds_of(item: pytest.Item, default: float | None) -> float | None:
    mark = item.get_closest_marker("anyio_timeout")
    if mark is None:
        return default
    match mark.args, mark.kwargs:
        case ((seconds,), {**rest}) | ((), {"seconds": seconds, **rest}) if not rest:
            what = f"{item.nodeid}: anyio_timeout"
            return None if seconds is None else _seconds(seconds, what)
        case _:
            raise pytest.UsageError(
                f"{item.nodeid}: anyio_timeout takes a number of seconds, or None for no limit."
            )


class Timeouts:
    """Watches tests, in real time.

    Args:
        tests: How many seconds each has.
    """

    def __init__(self, tests: Mapping[pytest.Item, float]) -> None:
        self._tests = tests

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Have the body of a test watched while it runs."""
        __tracebackhide__ = True
        if item not in self._tests or not isinstance(item, pytest.Function):
            return (yield)
        with replaced_body(item, functools.partial(_timed, self._tests[item])):
            return (yield)


def _timed(seconds: float, body: Body) -> Body:
    @functools.wraps(body)
    async def timed(*args: object, **kwargs: object) -> None:
        __tracebackhide__ = True
        scope = anyio.CancelScope()
        watchdog = _Watchdog(seconds, scope.cancel)
        try:
            with scope, watchdog:
                await body(*args, **kwargs)
        except BaseException as error:  # noqa: ASYNC103 what took too long fails for that
            if not watchdog.report or ends_the_run(error):
                raise
        if watchdog.report:
            pytest.fail(watchdog.report, pytrace=False)

    return timed


class _BlockedError(BaseException):
    """Raised in code that blocks the event loop; nobody should catch it."""


class _Watchdog:
    """Looks after a test from a thread of its own.

    Args:
        seconds: How many real ones the test has.
        cancel: Ends the test, in its event loop.
    """

    def __init__(self, seconds: float, cancel: Callable[[], None]) -> None:
        self.report = ""  # if the test took too long
        self._seconds = seconds
        self._cancel = cancel
        self._name = backends.running().partition("+")[0]
        self._loop = threading.get_ident()  # its thread
        self._soon = _soon_of(self._name)
        self._answered = threading.Event()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="anyio-timeout", daemon=True)
        self._before: object = signal.SIG_IGN
        self._outside: FrameType | None = None  # of all steps, where no frame runs them, as in C

    def __enter__(self) -> None:
        self._outside = _caller_of_steps(inspect.currentframe())
        if hasattr(signal, "SIGUSR2") and threading.current_thread() is threading.main_thread():
            self._before = signal.getsignal(signal.SIGUSR2)
            if self._before is signal.SIG_DFL:
                signal.signal(signal.SIGUSR2, self._interrupt)
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()
        self._outside = None
        if self._before is signal.SIG_DFL:
            signal.signal(signal.SIGUSR2, signal.SIG_DFL)

    def _watch(self) -> None:
        if self._is_over.wait(self._seconds) or _is_debugged(frames().get(self._loop)):
            return
        with contextlib.suppress(RuntimeError):  # the event loop is gone
            self._soon(self._expire)
        if self._answered.wait(SECONDS_TO_ANSWER) or self._is_over.is_set():
            return
        where = self._step_in(frames().get(self._loop))
        if where is not None:
            self.report = (
                f"After {self._seconds:g} s, the test is not over, and its event loop is blocked:\n"
                f"  a task runs at {where}, and has not awaited for {SECONDS_TO_ANSWER:g} s or more"
            )
            if self._before is signal.SIG_DFL:
                signal.pthread_kill(self._loop, signal.SIGUSR2)

    def _expire(self) -> None:
        """Tell where all tasks stand, and end the test; in its event loop."""
        self._answered.set()
        if self._is_over.is_set():
            return
        lines = "".join(f"\n  {line}" for line in told(adapter(self._name).standing_here()))
        self.report = self.report or f"After {self._seconds:g} s, the test is not over:{lines}"
        self._cancel()

    def _interrupt(self, _number: int, frame: FrameType | None) -> None:
        """Interrupt what blocks the event loop, but never the event loop itself."""
        if not self._answered.is_set() and self._step_in(frame) is not None:
            raise _BlockedError

    def _step_in(self, frame: FrameType | None) -> object:
        """Return where the step of a task stands that runs; `None` if no step does."""
        outside = frame
        while outside is not None and outside is not self._outside:
            if runs_steps(outside):
                return place_in(frame)
            outside = outside.f_back
        return None if outside is None or outside is frame else place_in(frame)


def _soon_of(name: str) -> Callable[[Callable[[], None]], object]:
    """Return what has the event loop that runs call a function, from another thread."""
    if name == "trio":
        import trio  # noqa: PLC0415 it runs

        return trio.lowlevel.current_trio_token().run_sync_soon
    import asyncio  # noqa: PLC0415 it runs

    return asyncio.get_running_loop().call_soon_threadsafe


def _caller_of_steps(frame: FrameType | None) -> FrameType | None:
    """Return the frame from which an event loop was run that a step runs in now."""
    frame = frame and frame.f_back
    while frame is not None and frame.f_code.co_flags & _OF_COROUTINES:
        frame = frame.f_back
    return frame


def _is_debugged(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_globals.get("__name__") in _DEBUGGERS:
            return True
        frame = frame.f_back
    return False
