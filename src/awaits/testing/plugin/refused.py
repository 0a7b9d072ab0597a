"""Fails tests with a sentence, before anything is set up for them."""

from collections.abc import Callable

import pytest


class Refused:
    """Fails the tests that cannot run as they are, and leaves all others alone.

    Args:
        sentence: Why they cannot.
        are_those: Tells whether a test is one of them.
    """

    def __init__(self, sentence: str, are_those: Callable[[pytest.Item], bool]) -> None:
        self._sentence = sentence
        self._are_those = are_those

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Fail a test if it is one of them."""
        if self._are_those(item):
            pytest.fail(self._sentence, pytrace=False)
