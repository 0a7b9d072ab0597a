"""Tests in virtual time: which ones, and how their event loops come by it."""

import functools
from collections.abc import Callable, Generator
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, NoReturn, cast

import anyio
import pytest

from awaits.testing import backends
from awaits.testing.bodies import Body, replace_body
from awaits.testing.choice import backend_of
from awaits.testing.clock import VirtualClock, check_virtual, virtual_time
from awaits.testing.fixtures import AsyncFixtures

if TYPE_CHECKING:
    from _pytest.fixtures import SubRequest


class Settings(NamedTuple):
    """The arguments of `@pytest.mark.virtual_time`."""

    idle: float = 0.0
    wall: bool | datetime = False


class VirtualTime:
    """Runs tests in virtual time.

    Args:
        fixtures: The async fixtures that are open.
        is_virtual: Tells whether a test is one of them.
    """

    def __init__(self, fixtures: AsyncFixtures, is_virtual: Callable[[pytest.Item], bool]) -> None:
        self.clock: VirtualClock = VirtualClock()
        self._fixtures = fixtures
        self._is_virtual = is_virtual
        self._settings: Settings | None = None  # of the test that runs; None in real time

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Have the event loops that are made from here on run in the time of this test."""
        settings = self._settings_of(item)
        if settings != self._settings:
            self._fixtures.end()
            self._settings = settings
            if settings is not None:
                self.clock.set_up(idle=settings.idle, wall=settings.wall)

    def _settings_of(self, item: pytest.Item) -> Settings | None:
        fixtures: list[str] = getattr(item, "fixturenames", [])
        if not self._is_virtual(item):
            if "virtual_clock" in fixtures:
                _fail("A test that is marked real_time has no virtual clock.")
            return None
        if not isinstance(item, pytest.Function) or "anyio_backend" not in fixtures:
            _fail("Virtual time is for tests that anyio runs; mark this one anyio, too.")
        try:
            check_virtual(backends.name_of(backend_of(item)) or "asyncio")
        except ValueError as error:
            pytest.skip(str(error))
        mark = item.get_closest_marker("virtual_time")
        try:
            settings = Settings(*mark.args, **mark.kwargs) if mark else Settings()
            VirtualClock(idle=settings.idle, wall=settings.wall)
        except TypeError:
            _fail("virtual_time takes the arguments idle and wall, no others.")
        except ValueError as error:
            _fail(str(error))
        return settings

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[object], request: "SubRequest"
    ) -> Generator[None, object, object]:
        """Have anyio make event loops in virtual time."""
        value = yield
        if fixturedef.argname != "anyio_backend" or self._settings is None:
            return value
        value = _virtual(value, self.clock)
        fixturedef.cached_result = (value, fixturedef.cache_key(request), None)
        return value

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Begin the test at 0.0, and tell it of a deadlock."""
        __tracebackhide__ = True
        if self._settings is not None and isinstance(item, pytest.Function):
            replace_body(item, self._from_zero)
        return (yield)

    def _from_zero(self, body: Body) -> Body:
        @functools.wraps(body)
        async def from_zero(*args: object, **kwargs: object) -> None:
            __tracebackhide__ = True
            clock = self.clock
            if self._settings is None:  # anyio keeps replacements in tests that Hypothesis runs
                await body(*args, **kwargs)
                return
            loop = clock.loop
            if loop is None or anyio.current_time() != clock.now:
                _fail(
                    "The test was to run in virtual time, but another plugin made its event loop."
                )
            clock.restart()
            with loop.main_task():
                await body(*args, **kwargs)

        return from_zero


def _fail(sentence: str) -> NoReturn:
    pytest.fail(sentence, pytrace=False)


def _virtual(value: object, clock: VirtualClock) -> object:
    """Return what an `anyio_backend` fixture returns, with options that make its time virtual."""
    match value:
        case ("asyncio", {"loop_factory": _}) | ("trio", {"clock": _}):
            _fail(
                "Time cannot be virtual where anyio_backend has a loop_factory or a clock of "
                "its own; mark the test real_time."
            )
        case "asyncio" | ("asyncio", {}):
            return "asyncio", {**_options(value), **virtual_time("asyncio", clock)}
        case "trio" | ("trio", {}):
            return "trio", {**_options(value), **virtual_time("trio", clock)}
        case _:
            return value


def _options(backend: object) -> dict[str, object]:
    return cast("backends.AnyioBackend", backend)[1] if isinstance(backend, tuple) else {}
