"""Tests that need what does not fit the installed version of a library."""

from collections.abc import Callable

import pytest

from awaits.testing.loops.fence import does_not_fit


class Misfit:
    """Fails the tests that need it, and leaves all others alone.

    Args:
        error: What importing it raised.
        needs: Tells whether a test needs it.
    """

    def __init__(
        self, error: ImportError | AttributeError, needs: Callable[[pytest.Item], bool]
    ) -> None:
        self._sentence = does_not_fit(error)
        self._needs = needs

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Fail a test before anything is set up for it."""
        if self._needs(item):
            pytest.fail(self._sentence, pytrace=False)
