"""Virtual time for the tests that pytest-asyncio runs.

Its private names, read in pytest-asyncio 1.1.0 and 1.5.0: the fixtures `_function_scoped_runner` to
`_session_scoped_runner`, which make the event loops, and their arguments, `event_loop_policy` and,
from 1.4 on, `_asyncio_loop_factory`. The tests in test_virtual_asyncio.py fail when one has moved.
pytest-asyncio has a public hook for event loops, but it would change the names of all tests, and
projects may use it themselves.
"""

import asyncio
import copy
import functools
from asyncio import get_running_loop
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, cast
from weakref import WeakKeyDictionary

import pytest

from awaits.testing.clock import VirtualClock
from awaits.testing.loops.fence import check_names
from awaits.testing.run import virtual_time

if TYPE_CHECKING:
    from types import ModuleType

FACTORY = "_asyncio_loop_factory"
POLICY = "event_loop_policy"
# What makes asyncio's own event loops. Any other is a project's own, such as uvloop's.
OWN_FACTORIES = (None, asyncio.new_event_loop, asyncio.SelectorEventLoop)


def makes_event_loop(fixturedef: pytest.FixtureDef[object]) -> bool:
    """Tell whether a fixture is one in which pytest-asyncio makes an event loop."""
    return fixturedef.argname.endswith("_scoped_runner") and POLICY in fixturedef.argnames


class PytestAsyncioLoops:
    """Has pytest-asyncio make event loops in virtual time.

    Args:
        config: pytest's configuration.
        new_clock: Makes a clock for the test that is set up; `None` if it runs in real time.

    Raises:
        ImportError: This version of pytest-asyncio has no such fixtures.
    """

    def __init__(self, config: pytest.Config, new_clock: Callable[[], VirtualClock | None]) -> None:
        plugin = cast("ModuleType", config.pluginmanager.get_plugin("asyncio"))
        check_names("pytest-asyncio", {plugin: ["_function_scoped_runner"]})
        self._new_clock = new_clock
        # Event loops of several scopes may be open at once; each has a time of its own.
        self._clocks: WeakKeyDictionary[asyncio.AbstractEventLoop, VirtualClock] = (
            WeakKeyDictionary()
        )

    def clock(self) -> VirtualClock | None:
        """Return the clock of the event loop that runs; `None` if it was not made here."""
        return self._clocks.get(get_running_loop())

    def _made(self, clock: VirtualClock) -> asyncio.AbstractEventLoop:
        loop = virtual_time("asyncio", clock)["loop_factory"]()
        self._clocks[loop] = clock
        return loop

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[object]
    ) -> Generator[None, object, object]:
        """Give the fixture that makes event loops another factory."""
        clock = self._new_clock() if makes_event_loop(fixturedef) else None
        if clock is None:
            return (yield)
        make = cast("Callable[..., Generator[object]]", fixturedef.func)

        @functools.wraps(make)
        def virtual(**given: object) -> Generator[object]:
            policy = given[POLICY]
            if type(policy).__module__.startswith("asyncio.") and (
                given.get(FACTORY) in OWN_FACTORIES
            ):
                factory = functools.partial(self._made, clock)
                if FACTORY in given:
                    given[FACTORY] = factory
                else:
                    given[POLICY] = making = copy.copy(policy)
                    vars(making)["new_event_loop"] = factory
            yield from make(**given)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fixturedef, "func", virtual)
            return (yield)
