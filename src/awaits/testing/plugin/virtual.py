"""Tests in virtual time: which ones, and how their event loops get it."""

import functools
from collections.abc import Callable, Generator
from typing import NoReturn

import anyio
import pytest

from awaits.testing import backends
from awaits.testing.clock import VirtualClock, follow, timekeeper_of
from awaits.testing.deadlock import DeadlockError, LivelockError
from awaits.testing.loops.fence import does_not_fit
from awaits.testing.loops.timekeeper import ANOTHER_CLOCK, Timekeeper
from awaits.testing.plugin import async_fixtures, clocks
from awaits.testing.plugin._anyio import forget_runner_that_did_not_close, replace_backends
from awaits.testing.plugin.bodies import HAS_PASSED, Body, replaced_body
from awaits.testing.plugin.choice import event_loop_of, misfit_of
from awaits.testing.plugin.culprits import Culprits
from awaits.testing.plugin.fixtures import AsyncFixtures
from awaits.testing.plugin.notes import IN_REAL_TIME, noted
from awaits.testing.plugin.options import arguments_of
from awaits.testing.plugin.outside import Outside, all_of
from awaits.testing.plugin.refused import Refused
from awaits.testing.plugin.runners import MARK_IT, NAMES, runner_of
from awaits.testing.plugin.sections import add_section
from awaits.testing.plugin.settings import Settings, default_settings, marked
from awaits.testing.plugin.virtual_asyncio import PytestAsyncioLoops
from awaits.testing.run import virtual_time

CANNOT = (
    "Time cannot be virtual where a test has an event loop or a clock of its own (a loop_factory, "
    "an event_loop_policy, a MockClock); mark it real_time."
)

SECONDS_TO_TELL = 0.2  # real ones, for which threads held time

_IN_REAL_TIME = pytest.StashKey[bool]()  # noted in the report of a test


def bring_in_for(config: pytest.Config, is_virtual: Callable[[pytest.Item], bool]) -> None:
    """Register what runs tests in virtual time.

    Args:
        config: pytest's configuration.
        is_virtual: Tells whether a test is one of them.

    Raises:
        pytest.UsageError: An option has a value that it does not take.
    """
    plugin = VirtualTime(config, async_fixtures(config), is_virtual, default_settings(config))
    config.pluginmanager.register(plugin, "awaits-time")
    if config.pluginmanager.has_plugin("asyncio"):
        try:
            plugin.loops = PytestAsyncioLoops(config, plugin.new_clock)
        except ImportError as error:
            config.pluginmanager.register(
                Refused(
                    does_not_fit(error),
                    lambda it: is_virtual(it) and runner_of(it) == "pytest-asyncio",
                )
            )
        else:
            config.pluginmanager.register(plugin.loops)
    if config.pluginmanager.has_plugin("trio"):
        from awaits.testing.plugin.virtual_trio import PytestTrioRuns  # noqa: PLC0415 rare

        runs = PytestTrioRuns(plugin.new_clock, plugin.is_on, plugin.runs_in_real_time)
        config.pluginmanager.register(runs)


class VirtualTime:
    """Runs tests in virtual time.

    Args:
        config: pytest's configuration.
        fixtures: The async fixtures that are open.
        is_virtual: Tells whether a test is one of them.
        settings: The settings of tests whose marker says nothing else.
    """

    def __init__(
        self,
        config: pytest.Config,
        fixtures: AsyncFixtures,
        is_virtual: Callable[[pytest.Item], bool],
        settings: Settings,
    ) -> None:
        self.clock: VirtualClock = VirtualClock(**settings._asdict())
        """The clock that tests see; its time is that of the event loop that runs them."""
        self.loops: PytestAsyncioLoops | None = None
        """The event loops of pytest-asyncio."""
        self._clock = VirtualClock(**settings._asdict())  # of the event loops of anyio and trio
        self._culprits = Culprits(config)
        self._fixtures = fixtures
        self._is_virtual = is_virtual
        self._default = settings
        self._settings: Settings | None = None  # of the test that runs; None in real time
        whole_suite: bool = config.getoption("virtual_time") or config.getini("virtual_time")
        self._of_sync_tests = settings if whole_suite else None
        self._of_new_loops: Settings | None = None  # and of those that a sync test makes
        self._outside = Outside()
        self._asks = False  # whether the test that runs asks for virtual time by itself
        self._has_backend = False  # whether it is async, or takes `anyio_backend`
        self._give_back = replace_backends(self._backend)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Make the event loops that are created from now on run in the time of this test."""
        forget_runner_that_did_not_close()
        self._asks = asks_for_virtual_time(item)
        item.stash[_IN_REAL_TIME] = False
        self._outside.begin()
        follow(self.clock, self._clock)
        self._has_backend = bool(
            self._asks or runner_of(item) or "anyio_backend" in _fixtures(item)
        )
        if not self._has_backend:
            self._of_new_loops = self._of_sync_tests
            return  # async fixtures of wider scopes stay open
        settings = self._of_new_loops = self._settings_of(item)
        if settings != self._settings:
            self._fixtures.end_all()
            self._settings = settings
            if settings is not None:
                timekeeper_of(self._clock).set_up(**settings._asdict())

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Say so if a test may have failed because something did not move as virtual time did."""
        report = yield
        if call.when == "call" and item.stash.get(_IN_REAL_TIME, False):
            noted(report)[IN_REAL_TIME] = True
        runner = runner_of(item)
        if report.failed and call.excinfo and self._settings and runner:
            error, now = call.excinfo.value, self.clock.time()
            stuck = [it for it in all_of(error) if isinstance(it, DeadlockError)]
            if stuck:  # the clean-up after it may have moved time
                now = min(it.instant for it in stuck)
            hints = [_stood_still(timekeeper_of(self.clock)), self._outside.hint(error, now)]
            # Where no time has passed, another order is the reason, and not a real clock. Nor does
            # a clock make all tasks wait; it may make one wait busily.
            is_deadlock = any(not isinstance(it, LivelockError) for it in stuck)
            if now or not (is_deadlock or item.stash.get(HAS_PASSED, False)):
                has_wall = self._settings.wall is not False
                hints.append(clocks.hint(error, now, has_wall=has_wall, runner=runner))
            for hint in filter(None, hints):
                add_section(report, "virtual time", hint)
        return report

    def pytest_unconfigure(self) -> None:
        """Stop noticing new processes, and leave anyio's plugin as it was."""
        self._outside.close()
        self._give_back()

    def _settings_of(self, item: pytest.Item) -> Settings | None:
        if not self._is_virtual(item):
            if "virtual_clock" in _fixtures(item):
                _fail(
                    "A test that is marked real_time, or virtual_time(False), has no virtual clock."
                )
            return None
        if not (runner_of(item) or "anyio_backend" in _fixtures(item)):
            if "virtual_clock" not in _fixtures(item) and not any(
                it.name == "virtual_time" for it in item.own_markers
            ):
                return None  # the marker is a module's or a class's, which has async tests, too
            _fail(f"Virtual time is for async tests that {NAMES} runs; {MARK_IT}.")
        try:
            backends.check_steered(event_loop_of(item) or "asyncio")
        except ValueError as error:
            pytest.skip(str(error))
        if sentence := misfit_of(item):
            _fail(sentence)
        mark = item.get_closest_marker("virtual_time")
        if mark is None:
            return self._default
        try:
            return marked(self._default, mark)
        except TypeError:
            sentence = (
                "virtual_time takes idle, wall and turns, by their names; or False alone; not "
                f"{arguments_of(mark)}."
            )
        except ValueError as error:
            sentence = str(error)
        return _fail(sentence)  # not in `except`: pytest would show the caught error, too

    def _backend(self, name: str, options: dict[str, object]) -> backends.AnyioBackend:
        """Return what anyio is to make an event loop of, given what `anyio_backend` says.

        That fixture's value stays as it is: a test may compare it with a name, or start another
        event loop with its options.
        """
        given = name, options
        is_on = self._settings is not None and self._has_backend
        if not is_on or _is_its_own(given) or backends.name_of(given) is None:
            return given
        return name, {**options, **virtual_time(name, self._clock)}

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Begin the test at 0.0, and raise a deadlock in it."""
        __tracebackhide__ = True
        is_virtual = self._settings is not None and self._has_backend
        if not (is_virtual and isinstance(item, pytest.Function)):
            return (yield)
        if runner_of(item) == "anyio" and _is_its_own(item.funcargs.get("anyio_backend")):
            self.runs_in_real_time(item)
            return (yield)
        with replaced_body(item, functools.partial(self._from_zero, item)):
            return (yield)

    def runs_in_real_time(self, item: pytest.Item) -> None:
        """Note that a test has its own event loop or clock; fail one that asks for virtual time."""
        __tracebackhide__ = True
        if self._asks:
            _fail(CANNOT)
        item.stash[_IN_REAL_TIME] = True

    def is_on(self) -> bool:
        """Tell whether event loops that are made now are to run in virtual time."""
        return self._of_new_loops is not None

    def new_clock(self) -> VirtualClock | None:
        """Return a clock for an event loop that is made now; `None` if it is for real time."""
        if self._of_new_loops is None:
            return None
        clock = VirtualClock(**self._of_new_loops._asdict())
        follow(self.clock, clock)
        return clock

    def _from_zero(self, item: pytest.Function, body: Body) -> Body:
        @functools.wraps(body)
        async def from_zero(*args: object, **kwargs: object) -> None:
            __tracebackhide__ = True
            if self.loops is not None and backends.running() == "asyncio":
                follow(self.clock, self.loops.clock() or self._clock)
            timekeeper = timekeeper_of(self.clock)
            run = timekeeper.run
            if run is None or anyio.current_time() != timekeeper.now:
                if runner_of(item) != "anyio":
                    self.runs_in_real_time(item)
                    await body(*args, **kwargs)
                    return
                _fail(
                    "The test was to run in virtual time, but its event loop was made by "
                    f"{self._culprits.here()}."
                )
            if not run.is_its_clock():
                _fail(ANOTHER_CLOCK)
            timekeeper.restart()
            try:
                with run.main_task():
                    await body(*args, **kwargs)
            except Exception as error:
                if run.is_hidden() and ANOTHER_CLOCK not in getattr(error, "__notes__", ()):
                    error.add_note(ANOTHER_CLOCK)
                raise
            finally:
                timekeeper.release()  # a test holds its own time, and not that of the next

        return from_zero


def asks_for_virtual_time(item: pytest.Item) -> bool:
    """Tell whether a test itself asks for virtual time, by a marker or by the clock's fixture."""
    mark = item.get_closest_marker("virtual_time")
    return "virtual_clock" in _fixtures(item) or (mark is not None and mark.args != (False,))


def _stood_still(timekeeper: Timekeeper) -> str | None:
    """Return a hint for a test that may have failed because threads held time."""
    if timekeeper.stood_still < SECONDS_TO_TELL:
        return None
    return (
        f"Time stood still at {timekeeper.stood_at:g} s for {timekeeper.stood_still:.1f} real "
        "seconds, while a thread was at work: no deadline comes before it is back. If one is to "
        "come, mark the test real_time."
    )


def _fixtures(item: pytest.Item) -> list[str]:
    names: list[str] = getattr(item, "fixturenames", [])
    return names


def _fail(sentence: str) -> NoReturn:
    pytest.fail(sentence, pytrace=False)


def _is_its_own(backend: object) -> bool:
    """Tell whether the value of an `anyio_backend` fixture brings an event loop or a clock."""
    match backend:
        case ("asyncio", {"loop_factory": _}) | ("trio", {"clock": _}):
            return True
        case _:
            return False
