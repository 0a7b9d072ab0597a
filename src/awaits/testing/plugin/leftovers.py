"""`--no-leftovers`: fails tests that end with something of their own still open."""

import contextlib
import fnmatch
import functools
import unittest
from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import NamedTuple, cast

import pytest

from awaits.testing.leftovers.makers import drops_noticed, patched, pending
from awaits.testing.leftovers.owners import reachable
from awaits.testing.leftovers.watch import Leftover, Watch
from awaits.testing.plugin._pytest import fixture_definitions, forget_logged_errors
from awaits.testing.plugin.bodies import Body, code_of, has_async_body, replaced_body
from awaits.testing.plugin.choice import import_adapters
from awaits.testing.plugin.options import arguments_of

# The fixtures of these packages own nothing that a test makes.
_OWN_NOTHING = {"_pytest", "anyio", "awaits", "hypothesis", "pytest_asyncio"}

LEAVES = "test leaves behind:"
"""What comes before the lines that tell what one has left."""
BEHIND = f"The {LEAVES}"
"""How the report begins of what one has left, if it was not cancelled."""
TO_ALLOW = (
    "To allow one: @pytest.mark.no_leftovers(allow={!r}), or a line of no_leftovers_allow in the "
    "ini file."
)


class Strictness(NamedTuple):
    """What a test may leave behind."""

    allow: tuple[str, ...] = ()
    """Patterns, as for file names, for the lines of the report."""


def bring_in(config: pytest.Config, items: Iterable[pytest.Item], *, whole_suite: bool) -> None:
    """Register what fails tests that leave something behind, if any test is to be judged.

    Args:
        config: pytest's configuration.
        items: The tests of this run.
        whole_suite: Whether to judge all async tests, except those that are marked otherwise.

    Raises:
        pytest.UsageError: A marker has arguments that it does not take.
    """
    tests = filter(has_async_body, items)
    found = {item: _strictness(item, whole_suite=whole_suite) for item in tests}
    judged = {item: it for item, it in found.items() if it is not None}
    if judged:
        import_adapters(judged)
        config.pluginmanager.register(NoLeftovers(judged), "awaits-leftovers")


def may_stay(test: pytest.Item) -> Sequence[str] | None:
    """Return patterns for what an async test may leave behind; `None` if it may leave all."""
    found = _strictness(test, whole_suite=True)
    return None if found is None else found.allow


def _strictness(item: pytest.Item, *, whole_suite: bool) -> Strictness | None:
    """Return how a test is judged; `None` if it is not."""
    allow: list[str] = item.config.getini("no_leftovers_allow")
    default = Strictness(tuple(allow))
    mark = item.get_closest_marker("no_leftovers")
    if mark is None:
        return default if whole_suite else None
    match mark.args, mark.kwargs:
        case ((False,), {**rest}) if not rest:
            return None
        case ((() | (True,)), {"allow": str() as one, **rest}) if not rest:
            return Strictness((*default.allow, one))
        case ((() | (True,)), {"allow": list() | tuple() as more, **rest}) if not rest:
            if all(isinstance(it, str) for it in cast("Sequence[object]", more)):
                return Strictness((*default.allow, *cast("Sequence[str]", more)))
        case ((() | (True,)), {**rest}) if not rest:
            return default
        case _:
            pass
    raise pytest.UsageError(
        f"{item.nodeid}: no_leftovers takes False, or allow (a pattern such as 'thread pool-*', or "
        f"a list of them), not {arguments_of(mark)}."
    )


class NoLeftovers:
    """Judges tests by what they leave behind.

    Args:
        tests: How each is judged.
    """

    def __init__(self, tests: Mapping[pytest.Item, Strictness]) -> None:
        self._tests = tests
        self._waits_for_fixtures = False
        self._watches: list[Watch] = []  # of the test whose fixtures have not ended
        self._patches = contextlib.ExitStack()

    def pytest_sessionfinish(self) -> None:
        """Stop noticing what tests make."""
        self._patches.close()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Notice what the body of a test makes; judge it at once if no fixture can own it."""
        __tracebackhide__ = True
        self._watches.clear()
        if item not in self._tests or not isinstance(item, pytest.Function):
            self._patches.close()
            return (yield)
        self._patches.enter_context(patched())
        self._waits_for_fixtures = waits_for_fixtures(item)
        try:
            with replaced_body(item, functools.partial(self._watching, item)):
                return (yield)
        except BaseException:  # of Hypothesis's examples, those that have passed are not judged
            self._forget()
            raise
        finally:
            if not self._watches:
                self._patches.close()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        """Judge a test when its fixtures have ended."""
        try:
            with contextlib.ExitStack() as stack:
                for watch in self._watches:
                    stack.enter_context(drops_noticed(watch))
                result = yield
            if isinstance(item, pytest.Function) and self._watches:
                left = [it for watch in self._watches for it in watch.left(in_its_loop=False)]
                self._judge(item, left)
            return result
        finally:
            self._forget()
            self._patches.close()

    def _forget(self) -> None:
        pending.difference_update(self._watches)
        self._watches.clear()

    def _watching(self, test: pytest.Function, body: Body) -> Body:
        @functools.wraps(body)
        async def watching(*args: object, **kwargs: object) -> None:
            __tracebackhide__ = True
            watch = Watch(code_of(body), let_go=functools.partial(forget_logged_errors, test))
            with drops_noticed(watch):  # until it is judged: a thread may drop a file only now
                await watch.run(body, *args, **kwargs)
                await watch.settle()
                left = [] if self._waits_for_fixtures else watch.left(in_its_loop=True)
            if self._waits_for_fixtures:
                pending.add(watch)
                self._watches.append(watch)
            else:
                self._judge(test, left)

        return watching

    def _judge(self, test: pytest.Function, left: Sequence[Leftover]) -> None:
        __tracebackhide__ = True
        allow = self._tests[test].allow
        lines = lines_of(test, left, allow=allow)
        if lines:
            # Hypothesis describes the example in notes, which pytest shows only with a traceback.
            with_notes = hasattr(test.obj, "hypothesis")
            pytest.fail("\n".join([BEHIND, *lines]), pytrace=with_notes)


def lines_of(test: pytest.Function, left: Iterable[Leftover], *, allow: Sequence[str]) -> list[str]:
    """Return the lines that tell what a test has left behind, and how to allow the first of it.

    Args:
        test: The test.
        left: What is left; some of it may belong to a fixture.
        allow: Patterns of lines that may be there.
    """
    left = [it for it in left if not any(fnmatch.fnmatch(str(it), one) for one in allow)]
    if not left:
        return []
    owned = reachable(_values_of_fixtures(test), [it.it for it in left if it.it is not None])
    told = {f"  {it}": it for it in left if id(it.it) not in owned}
    if not told:
        return []
    first = min(told)
    return [*sorted(told), TO_ALLOW.format(told[first].pattern)]


def waits_for_fixtures(test: pytest.Function) -> bool:
    """Tell whether something that ends with a test may close what it has made, as fixtures do."""
    if isinstance(test.instance, unittest.TestCase):
        return True
    return any(_may_own(test, name) for name in test.fixturenames)


def _may_own(test: pytest.Function, name: str) -> bool:
    """Tell whether a fixture ends with the test, and may then close what the test has made."""
    definitions = fixture_definitions(test, name)
    if not definitions or definitions[-1].scope != "function":
        return False
    if name.startswith("_xunit_"):  # such as `teardown_method`
        return True
    module = str(getattr(definitions[-1].func, "__module__", ""))
    return module.partition(".")[0] not in _OWN_NOTHING


def _values_of_fixtures(test: pytest.Function) -> list[object]:
    """Return the values of the fixtures that live longer than a test."""
    found: list[object] = []
    for name in test.fixturenames:
        for definition in fixture_definitions(test, name):
            result = definition.cached_result
            if result is not None and result[2] is None:
                found.append(result[0])
    return found
