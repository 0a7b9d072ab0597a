"""Ends open async fixtures, and what they depend on, before the event loop changes."""

import inspect
from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

from awaits.testing.plugin.virtual_asyncio import makes_event_loop

if TYPE_CHECKING:
    from awaits.testing.plugin._pytest import SubRequest


class AsyncFixtures:
    """Ends the async fixtures of one event loop before the tests of the next.

    anyio keeps its event loop while an async fixture is open. pytest does not know that a fixture
    of a wider scope depends on `anyio_backend`, unless the fixture asks for it. So all later tests
    in its scope would run on the first event loop, whatever their labels say.
    """

    def __init__(self) -> None:
        self._open: dict[pytest.FixtureDef[object], tuple[object, SubRequest]] = {}
        # The others: those of pytest-asyncio, and the fixtures that make its event loops.
        self._others: dict[pytest.FixtureDef[object], SubRequest] = {}

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[object], request: "SubRequest"
    ) -> Generator[None, object, object]:
        """Remember the fixture; if it is `anyio_backend`, end those of another event loop."""
        value = yield
        is_async = inspect.iscoroutinefunction(fixturedef.func) or inspect.isasyncgenfunction(
            fixturedef.func
        )
        if fixturedef.argname == "anyio_backend":
            self._open.pop(fixturedef, None)
            self.end(but=value)
            self._opened(fixturedef, value, request)
        elif is_async and "anyio_backend" in request.fixturenames:
            self._opened(fixturedef, request.getfixturevalue("anyio_backend"), request)
        elif is_async or makes_event_loop(fixturedef):
            self._others.pop(fixturedef, None)
            self._others[fixturedef] = request
        return value

    def _opened(
        self, fixturedef: pytest.FixtureDef[object], backend: object, request: "SubRequest"
    ) -> None:
        self._open.pop(fixturedef, None)  # so that the last one opened stands last
        self._open[fixturedef] = backend, request

    def end_all(self) -> None:
        """End what is open, whichever plugin opened it."""
        self.end()
        while self._others:
            fixturedef, request = self._others.popitem()  # the last one opened
            fixturedef.finish(request)

    def end(self, *, but: object = None) -> None:
        """End the fixtures that depend on anyio's event loop, the last one first.

        Args:
            but: The value of `anyio_backend` whose fixtures stay.
        """
        for fixturedef, (backend, request) in reversed(self._open.copy().items()):
            if backend != but:
                del self._open[fixturedef]
                fixturedef.finish(request)
