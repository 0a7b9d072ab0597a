"""The limits in time of each run of a test: others' limits, and what ends a run that hangs."""

import faulthandler
import functools
import traceback

import pytest

from awaits.testing.loops import adapter_here, real
from awaits.testing.plugin._pytest import faulthandler_file
from awaits.testing.plugin.bodies import Body
from awaits.testing.plugin.options import given
from awaits.testing.plugin.timeouts import in_time, tell_at_once
from awaits.testing.plugin.watchdog import Alarm, has_alarm

SECONDS = 30.0  # real ones, of a run in another order than the first
SECONDS_AGAIN = 5.0  # once a run has hung: what makes its order small runs many times
TIMES_THE_FIRST = 10  # or so many times as long as the first run took, if that is longer
SECONDS_BETWEEN = 0.01  # a limit begins anew: that takes as long as a tenth of a short run

# What fails tests that have not ended in time.
_WATCHERS = {"awaits.testing.plugin.timeouts", "pytest_timeout"}
_OPTION = "anyio_timeout"


def took_too_long(error: BaseException) -> bool:
    """Tell whether an error says that a test has not ended in time."""
    if not isinstance(error, pytest.fail.Exception):
        return False
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    # The last frame, or the one that has called `pytest.fail`.
    return any(frame.f_globals.get("__name__") in _WATCHERS for frame in frames[-2:])


class Limits:
    """Ends runs that hang, and begins others' limits anew: pytest-timeout's and faulthandler's.

    Those begin once for a test, and a limit that has ended one run ends no other.
    """

    def __init__(self) -> None:
        self._last: tuple[pytest.Item, object] | None = None  # a test, and its limit's settings
        self._first = 0.0  # how many seconds the first run of a test took
        self._has_hung = False  # whether another run of it did
        self._began: tuple[pytest.Item | None, float] = None, 0.0  # whose limits, and when
        self._alarm: Alarm | None = None

    @property
    def is_late(self) -> bool:
        """Whether what runs now has hung, and is to end."""
        return self._alarm is not None and bool(self._alarm.report)

    def begin(self, first: float) -> None:
        """Begin to run a test again, whose first run took so many seconds."""
        self._first, self._has_hung = first, False

    def within(self, test: pytest.Item, runs: Body) -> Body:
        """Return what fails if a run of a test hangs, and tells where its tasks stand.

        A test that has a limit of its own is left to that.

        Args:
            test: The test.
            runs: Its body, in one order or in many; `begin_anew` begins each.
        """
        is_limited = self._last is not None and self._last[0] is test
        if is_limited or test.get_closest_marker("anyio_timeout") or given(test.config, _OPTION):
            return runs
        least = SECONDS_AGAIN if self._has_hung else SECONDS
        seconds = max(least, TIMES_THE_FIRST * self._first)
        tell = functools.partial(tell_at_once, test)

        @functools.wraps(runs)
        async def within(*args: object, **kwargs: object) -> None:
            __tracebackhide__ = True
            if not has_alarm():
                await runs(*args, **kwargs)
                return
            with adapter_here().cancellable() as cancel:
                self._alarm = Alarm(seconds, "the test has not ended", cancel, tell)
                with in_time(self._alarm):
                    await runs(*args, **kwargs)

        return within

    def end(self) -> None:
        """Note that a run is over, or many: the event loop may end before the test does."""
        self._has_hung = self._has_hung or self.is_late
        if self._alarm is not None:
            self._alarm.__exit__()
            self._alarm = None

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_timeout_set_timer(self, item: pytest.Item, settings: object) -> None:
        """Note that the limit of a test begins."""
        self._last = item, settings

    def begin_anew(self, test: pytest.Item) -> None:
        """Begin the limit of a test anew, if it has one, unless it has begun just now."""
        now = real.seconds()
        if self._began[0] is test and now - self._began[1] < SECONDS_BETWEEN:
            return
        self._began = test, now
        if self._alarm is not None:
            self._alarm.begin_anew()
        if self._last is not None and self._last[0] is test:
            settings, hooks = self._last[1], test.config.pluginmanager.hook
            hooks.pytest_timeout_cancel_timer(item=test)
            hooks.pytest_timeout_set_timer(item=test, settings=settings)
        _begin_to_dump(test.config)


def _begin_to_dump(config: pytest.Config) -> None:
    """Begin `faulthandler_timeout` anew, after which pytest shows where all threads stand."""
    if not config.pluginmanager.has_plugin("faulthandler"):
        return
    seconds, file = float(config.getini("faulthandler_timeout") or 0.0), faulthandler_file(config)
    if seconds > 0 and file is not None:
        try:
            ends = bool(config.getini("faulthandler_exit_on_timeout"))
        except ValueError:  # not in an old pytest
            ends = False
        faulthandler.dump_traceback_later(seconds, file=file, exit=ends)
