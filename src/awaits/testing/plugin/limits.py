"""The limits of tests in time: `--anyio-timeout`, and those of others for each run of a test."""

import faulthandler
import traceback

import pytest

from awaits.testing.plugin._pytest import faulthandler_file

# What fails tests that have not ended in time.
_WATCHERS = {"awaits.testing.plugin.timeouts", "pytest_timeout"}


def took_too_long(error: BaseException) -> bool:
    """Tell whether an error says that a test has not ended in time."""
    if not isinstance(error, pytest.fail.Exception):
        return False
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    # The last frame, or the one that has called `pytest.fail`.
    return any(frame.f_globals.get("__name__") in _WATCHERS for frame in frames[-2:])


class Limits:
    """Begins the limits of pytest-timeout and of pytest's faulthandler anew before each run.

    They begin once for a test, and a limit that has ended one run ends no other.
    """

    def __init__(self) -> None:
        self._last: tuple[pytest.Item, object] | None = None  # a test, and its limit's settings

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_timeout_set_timer(self, item: pytest.Item, settings: object) -> None:
        """Note that the limit of a test begins."""
        self._last = item, settings

    def begin_anew(self, test: pytest.Item) -> None:
        """Begin the limit of a test anew, if it has one."""
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
