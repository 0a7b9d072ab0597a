"""Ctrl-C in a test whose tasks run in a task group."""

from collections.abc import Generator

import pytest


class Interrupted:
    """Ends the session by Ctrl-C though `KeyboardInterrupt` comes in a group of errors.

    pytest ends it for that error alone. It takes such a group for a test that fails, and goes on.
    """

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        """Raise `KeyboardInterrupt` instead of a group that contains one."""
        __tracebackhide__ = True
        try:
            return (yield)
        except BaseExceptionGroup as group:
            if group.subgroup(KeyboardInterrupt) is None:
                raise
            raise KeyboardInterrupt from group
