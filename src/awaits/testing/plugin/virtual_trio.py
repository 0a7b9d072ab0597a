"""Virtual time for the tests that pytest-trio runs.

pytest-trio takes a replacement for `trio.run` from its marker, `@pytest.mark.trio(run=...)`. But
for Hypothesis's tests it calls `trio.run` itself: read in pytest-trio 0.8.0.
"""

import threading
from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import TypeVar, cast

import pytest
import trio

from awaits.testing.clock import VirtualClock
from awaits.testing.plugin.runners import runner_of
from awaits.testing.run import virtual_time

T = TypeVar("T")


class PytestTrioRuns:
    """Has pytest-trio run its tests in virtual time.

    Args:
        clock: The clock of these tests.
        is_on: Tells whether the current test runs in virtual time.
        has_its_own: Is called with a test that has a clock, or a function to run it, of its own.
    """

    def __init__(
        self,
        new_clock: Callable[[], VirtualClock | None],
        is_on: Callable[[], bool],
        has_its_own: Callable[[pytest.Item], None],
    ) -> None:
        self._new_clock = new_clock
        self._is_on = is_on
        self._has_its_own = has_its_own
        self._thread = threading.get_ident()
        self._run_in_real_time = trio.run

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Give pytest-trio another way to run a test."""
        __tracebackhide__ = True
        if not self._is_on() or runner_of(item) != "pytest-trio":
            return (yield)
        test = cast("pytest.Function", item)
        run = _run_of(item)
        if run not in (None, self._run_in_real_time, self.run) or any(
            isinstance(value, trio.abc.Clock) for value in test.funcargs.values()
        ):
            self._has_its_own(item)
            return (yield)
        if run != self.run:
            item.add_marker(pytest.mark.trio(run=self.run), append=False)
        if not hasattr(test.obj, "hypothesis"):
            return (yield)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(trio, "run", self.run)
            return (yield)

    def run(
        self,
        main: Callable[..., Awaitable[T]],
        *args: object,
        clock: trio.abc.Clock | None = None,
        instruments: Sequence[trio.abc.Instrument] = (),
        **others: bool,
    ) -> T:
        """Do as `trio.run`, in virtual time, unless a clock is given or this is another run."""
        __tracebackhide__ = True
        is_another = threading.get_ident() != self._thread or trio.lowlevel.in_trio_run()
        if clock is None and self._is_on() and not is_another:
            options = virtual_time("trio", self._new_clock())
            clock = cast("trio.abc.Clock", options["clock"])
            ours = cast("Sequence[trio.abc.Instrument]", options["instruments"])
            instruments = [*instruments, *ours]
        run = cast("Callable[..., T]", self._run_in_real_time)
        return run(main, *args, clock=clock, instruments=instruments, **others)


def _run_of(item: pytest.Item) -> object:
    """Return the function that is to run a test; `None` if there is no such setting."""
    runs = (mark.kwargs.get("run") for mark in item.iter_markers("trio"))  # the closest one first
    of_suite: str = item.config.getini("trio_run")
    return next((run for run in runs if run is not None), None if of_suite == "trio" else of_suite)
