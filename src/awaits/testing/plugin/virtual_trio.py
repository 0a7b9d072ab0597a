"""Virtual time for the tests that pytest-trio runs.

It takes a function that stands in for `trio.run` from its marker, `@pytest.mark.trio(run=...)`, but
for Hypothesis's tests, for which it calls `trio.run`; read in pytest-trio 0.8.0.
"""

import threading
from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import TypeVar, cast

import pytest
import trio

from awaits.testing.clock import VirtualClock
from awaits.testing.deadlock import DeadlockError
from awaits.testing.plugin.runners import runner_of
from awaits.testing.run import virtual_time

T = TypeVar("T")


class PytestTrioRuns:
    """Has pytest-trio run its tests in virtual time.

    Args:
        clock: The clock of these tests.
        is_on: Tells whether the test that runs, runs in virtual time.
    """

    def __init__(self, clock: VirtualClock, is_on: Callable[[], bool]) -> None:
        self._clock = clock
        self._is_on = is_on
        self._thread = threading.get_ident()
        self._run_in_real_time = trio.run

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Give pytest-trio another way to run a test."""
        __tracebackhide__ = True
        if not self._is_on() or runner_of(item) != "pytest-trio":
            return (yield)
        if not any(mark.kwargs.get("run") == self.run for mark in item.iter_markers("trio")):
            item.add_marker(pytest.mark.trio(run=self.run), append=False)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(trio, "run", self.run)
            return (yield)

    def run(
        self,
        main: Callable[..., Awaitable[T]],
        *args: object,
        clock: trio.abc.Clock | None = None,
        instruments: Sequence[trio.abc.Instrument] = (),
    ) -> T:
        """As `trio.run`, in virtual time, unless a clock is given or this is another run."""
        __tracebackhide__ = True
        is_another = threading.get_ident() != self._thread or trio.lowlevel.in_trio_run()
        if clock is not None or is_another or not self._is_on():
            return self._run_in_real_time(main, *args, clock=clock, instruments=instruments)
        options = virtual_time("trio", self._clock)
        try:
            return self._run_in_real_time(
                main,
                *args,
                clock=cast("trio.abc.Clock", options["clock"]),
                instruments=[
                    *instruments,
                    *cast("Sequence[trio.abc.Instrument]", options["instruments"]),
                ],
            )
        except BaseExceptionGroup as group:
            # The error is raised in pytest-trio's own task, above that of the test.
            if len(group.exceptions) == 1 and isinstance(group.exceptions[0], DeadlockError):
                raise group.exceptions[0] from None
            raise
