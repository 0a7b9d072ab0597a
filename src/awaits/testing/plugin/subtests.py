"""The fixture `subtests`, of pytest 9 and of pytest-subtests, in a test that runs in many orders.

It reports each subtest at once, and lets the test go on when one fails. That is right for the first
run. In later ones nothing is to be reported, and a subtest that fails must fail the test.
"""

import contextlib
from collections.abc import Generator
from contextlib import AbstractContextManager
from typing import Protocol, cast

import pytest

_MODULES = "_pytest.subtests", "pytest_subtests"
_OUTCOMES = pytest.skip.Exception, pytest.xfail.Exception


def is_theirs(fixture: pytest.FixtureDef[object]) -> bool:
    """Tell whether a fixture is the one of pytest or of pytest-subtests, and no user's."""
    module = str(getattr(fixture.func, "__module__", ""))
    return fixture.argname == "subtests" and module.startswith(_MODULES)


class _Fixture(Protocol):
    def test(self, msg: str | None = None, **kwargs: object) -> AbstractContextManager[None]: ...


class Subtests:
    """Puts something else in the place of the fixture, for the test that runs."""

    def __init__(self) -> None:
        self.are_seen: bool = False
        """Whether subtests are reported as always."""
        self.has_failed: bool = False
        """Whether one that was seen has failed."""

    def replaced(self, fixture: object) -> object:
        """Return what a test gets for the value of the fixture."""
        return _Seen(cast("_Fixture", fixture), self) if self.are_seen else _Unseen()


class _Seen:
    def __init__(self, fixture: _Fixture, subtests: Subtests) -> None:
        self._fixture = fixture
        self._subtests = subtests

    @contextlib.contextmanager
    def test(self, msg: str | None = None, **kwargs: object) -> Generator[None]:
        __tracebackhide__ = True
        with self._fixture.test(msg, **kwargs):
            try:
                yield
            except BaseException as error:
                self._subtests.has_failed |= not isinstance(error, _OUTCOMES)
                raise


class _Unseen:
    @contextlib.contextmanager
    def test(self, msg: str | None = None, **kwargs: object) -> Generator[None]:
        __tracebackhide__ = True
        try:
            yield
        except _OUTCOMES:  # only the subtest ends
            pass
        except Exception as error:
            named = [*([msg] if msg else []), *(f"{name}={it!r}" for name, it in kwargs.items())]
            error.add_note(f"It failed in the subtest {', '.join(named) or 'without a name'}.")
            raise
