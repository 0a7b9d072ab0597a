"""Proves that a test ran on the event loop that its name says: the test itself finds out.

A label proves nothing. pytest-asyncio in auto mode takes a test labelled `[trio]` and runs it on
asyncio, and it passes.
"""

import contextlib
import functools
from collections.abc import Generator

import pytest

from awaits.testing import backends
from awaits.testing.plugin.bodies import Body, replaced_body
from awaits.testing.plugin.culprits import Culprits


class Witness:
    """Stands in for the body of one test after another, and sees which event loop runs it."""

    def __init__(self, config: pytest.Config) -> None:
        self._culprits = Culprits(config)
        self._expected = ""
        self._seen: dict[str, str] = {}
        self._entered = False
        self._hypothesis = False

    @contextlib.contextmanager
    def in_place_of(self, test: pytest.Function, expected: str) -> Generator[None]:
        """Replace a test's body while the block runs.

        Args:
            test: A test. One that is not async claims nothing, and is left alone.
            expected: The event loop that it claims to run on.
        """
        self._expected, self._seen = expected, {}
        self._hypothesis = hasattr(test.obj, "hypothesis")
        with replaced_body(test, self._stand_in_for) as self._entered:
            yield

    def complaint(self) -> str | None:
        """Return a sentence: which other event loop ran the test, why, and what to do about it.

        Returns:
            The sentence; `None` if the test ran on no other event loop than it claims.
        """
        for seen, culprit in self._seen.items():
            if seen != self._expected:
                return f"labelled {self._expected}, but run on {seen} by {culprit}."
        return None

    def saw_nothing(self) -> bool:
        """Tell whether the test's body was never run, as far as the witness could see."""
        return self._entered and not self._seen and not self._hypothesis

    def _stand_in_for(self, body: Body) -> Body:
        @functools.wraps(body)
        async def stand_in(*args: object, **kwargs: object) -> None:
            __tracebackhide__ = True
            seen = backends.running()
            if seen not in self._seen:
                self._seen[seen] = (
                    "an event loop policy: remove uvloop.install(), or choose that event loop"
                    if seen.startswith(f"{self._expected}+")
                    else self._culprits.here()
                )
            if seen == self._expected:
                await body(*args, **kwargs)

        return stand_in
