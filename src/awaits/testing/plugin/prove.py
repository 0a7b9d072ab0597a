"""`--prove`: which event loop, of which plugin, ran each async test."""

import functools
import unittest
from collections.abc import Generator
from typing import TypeAlias, cast

import pytest

from awaits.testing import backends
from awaits.testing.plugin.bodies import Body, has_async_body, replaced_body
from awaits.testing.plugin.choice import backend_of
from awaits.testing.plugin.culprits import Culprits
from awaits.testing.plugin.notes import RAN, noted

NOTHING = "no event loop"

Ran: TypeAlias = tuple[str, str, str]
"""Who ran a test, on which event loop, and what to add if it is labelled otherwise."""


class Prove:
    """Sees which event loops run the async tests, and says so at the end.

    Args:
        config: pytest's configuration.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._verbose = config.get_verbosity() > 0
        self._culprits = Culprits(config)
        self._ran: list[Ran] = []  # which event loops ran the test that runs
        self._tests: dict[Ran, list[str]] = {}  # by who ran them, and on which event loop

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Find out inside each async test which event loop runs it."""
        __tracebackhide__ = True
        if not (isinstance(item, pytest.Function) and has_async_body(item)):
            return (yield)
        seen: dict[Ran, None] = {}  # each once, in order
        is_unittest = isinstance(item.instance, unittest.TestCase)
        otherwise = "unittest" if is_unittest else "the project's own code"
        label = backends.name_of(backend_of(item))

        def stand_in_for(body: Body) -> Body:
            @functools.wraps(body)
            async def stand_in(*args: object, **kwargs: object) -> None:
                __tracebackhide__ = True
                loop = backends.running()
                labelled = "" if label in (None, loop) else f", though labelled {label}"
                who = self._culprits.plugin() or otherwise
                seen[who, loop, labelled] = None
                await body(*args, **kwargs)

            return stand_in

        try:
            with replaced_body(item, stand_in_for):
                return (yield)
        finally:
            self._ran = [*seen] or [(NOTHING, "", "")]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note in its report which event loops ran a test."""
        report = yield
        if call.when == "call":
            noted(report)[RAN], self._ran = self._ran, []
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record what a test saw, in whichever process it ran."""
        ran = noted(report).get(RAN)
        if report.when == "call" and isinstance(ran, list):
            for who, loop, labelled in cast("list[Ran]", ran):
                self._tests.setdefault((who, loop, labelled), []).append(report.nodeid)

    def pytest_terminal_summary(self, terminalreporter: "pytest.TerminalReporter") -> None:
        """Say which event loops ran how many async tests; with -v, which."""
        terminalreporter.write_sep("=", "which event loops ran the async tests")
        if not self._tests:
            terminalreporter.write_line("No async test ran.")
        # Only now are versions asked for: a test's fixtures may have replaced all files.
        for where, tests in sorted((_told(*ran), tests) for ran, tests in self._tests.items()):
            n = f"{len(tests):,} test" if len(tests) == 1 else f"{len(tests):,} tests"
            terminalreporter.write_line(f"{where}: {n}")
            # Tests with a problem are always listed.
            if self._verbose or where == NOTHING or "though labelled" in where:
                for test in tests:
                    terminalreporter.write_line(f"  {test}")


def _told(who: str, loop: str, labelled: str) -> str:
    return f"{who}, on {backends.version(loop)}{labelled}" if loop else who
