"""Fails the tests that need a part of the kit that does not fit an installed library."""

from collections.abc import Callable

import pytest

from awaits.testing.loops.fence import does_not_fit


class Misfit:
    """Fails the tests that need such a part, and leaves all others alone.

    Args:
        error: What importing that part raised.
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
