"""`--anyio-timeout`: a test that hangs fails, and tells where its tasks stand."""

import contextlib
import functools
import inspect
import math
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable, Mapping
from types import MethodType
from typing import cast

import anyio
import pytest

from awaits.testing.loops import adapter_here
from awaits.testing.plugin import abandoned
from awaits.testing.plugin.bodies import Body, ends_the_run, has_async_body, replaced_body
from awaits.testing.plugin.choice import import_adapters
from awaits.testing.plugin.options import arguments_of
from awaits.testing.plugin.watchdog import Watchdog


def bring_in(config: pytest.Config, items: Iterable[pytest.Item], *, default: str) -> None:
    """Register what fails tests that take too long, if any test is to be watched.

    Args:
        config: pytest's configuration.
        items: The tests of this run.
        default: How many seconds tests have that are not marked otherwise; "" means no limit.

    Raises:
        pytest.UsageError: The option or a marker is not a number of seconds.
    """
    seconds = default_seconds(default)
    found = {item: _seconds_of(item, seconds) for item in items if has_async_body(item)}
    watched = {item: it for item, it in found.items() if it is not None}
    if watched:
        import_adapters(watched)
        config.pluginmanager.register(Timeouts(watched), "awaits-timeouts")
        abandoned.bring_in(config)


def default_seconds(given: str) -> float | None:
    """Return the limit of tests without a marker; `None` for none.

    Args:
        given: The value of `--anyio-timeout`.

    Raises:
        pytest.UsageError: It is no number of seconds.
    """
    return _seconds(given, "--anyio-timeout") if given else None


def _seconds(given: float | str, what: str) -> float:
    seconds = math.nan
    if not isinstance(given, bool):
        with contextlib.suppress(ValueError, OverflowError):  # the latter of an int
            seconds = float(given)
    if not 0 < seconds < math.inf:
        raise pytest.UsageError(f"{what} must be a number of seconds above 0, not {given!r}.")
    return seconds


def _seconds_of(item: pytest.Item, default: float | None) -> float | None:
    mark = item.get_closest_marker("anyio_timeout")
    if mark is None:
        return default
    match mark.args, mark.kwargs:
        case ((None,), {**rest}) | ((), {"seconds": None, **rest}) if not rest:
            return None
        case ((int() | float() as seconds,), {**rest}) | (
            (),
            {"seconds": int() | float() as seconds, **rest},
        ) if not rest:
            return _seconds(seconds, f"{item.nodeid}: anyio_timeout")
        case _:
            raise pytest.UsageError(
                f"{item.nodeid}: anyio_timeout takes a number of seconds, or None for no limit, "
                f"not {arguments_of(mark)}."
            )


class Timeouts:
    """Watches tests and their async fixtures, in real time.

    Args:
        tests: How many seconds each test has. Each of its fixtures has as many to be set up, and to
            end.
    """

    def __init__(self, tests: Mapping[pytest.Item, float]) -> None:
        self._tests = tests
        self._seconds: float | None = None  # of the test that is set up
        self._tell: Callable[[str], object] = print  # for that test

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, None, None]:
        """Remember how many seconds the test has whose fixtures are set up now."""
        self._seconds = self._tests.get(item)
        self._tell = functools.partial(tell_at_once, item)
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[object]
    ) -> Generator[None, object, object]:
        """Watch an async fixture while it is set up, and while it ends."""
        function = fixturedef.func
        is_async = inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
        if self._seconds is None or not is_async:
            return (yield)
        # The plugin that runs it looks for the function here, in this hook.
        timed = _timed_fixture(self._seconds, fixturedef.argname, function, self._tell)
        fixturedef.func = timed  # type: ignore[misc]
        try:
            return (yield)
        finally:
            fixturedef.func = function  # type: ignore[misc]

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Watch the body of a test while it runs."""
        __tracebackhide__ = True
        if item not in self._tests or not isinstance(item, pytest.Function):
            return (yield)
        with replaced_body(item, functools.partial(_timed, self._tests[item], self._tell)):
            return (yield)


@contextlib.contextmanager
def in_time(watchdog: Watchdog) -> Generator[None]:
    """Fail with the watchdog's report, if it has one, instead of what happens in the block."""
    __tracebackhide__ = True
    try:
        with watchdog:
            yield
    except BaseException as error:  # noqa: ASYNC103 what took too long fails for that
        if not watchdog.report or ends_the_run(error):
            raise
    if watchdog.report:
        abandoned.abandon_threads()
        raise pytest.fail.Exception(watchdog.report, pytrace=False) from None


def tell_at_once(item: pytest.Item, report: str) -> None:
    """Show a report at once, though output is captured: its test may never end."""
    capture = item.config.pluginmanager.get_plugin("capturemanager")
    with contextlib.nullcontext() if capture is None else capture.global_and_fixture_disabled():
        sys.stderr.write(f"\n{item.nodeid}: {report}\n")
        sys.stderr.flush()


def _timed(seconds: float, tell: Callable[[str], object], body: Body) -> Body:
    @functools.wraps(body)
    async def timed(*args: object, **kwargs: object) -> None:
        __tracebackhide__ = True
        scope = anyio.CancelScope()
        with adapter_here().cancellable() as cancel_anyway:

            def cancel() -> None:
                adapter_here().break_rings()
                # A test with a shield, or with tasks that are not anyio's, may survive the scope.
                with contextlib.suppress(RecursionError):  # of a ring that has not run since
                    (cancel_anyway if scope.cancel_called else scope.cancel)()

            with in_time(Watchdog(seconds, "the test has not ended", cancel, tell)), scope:
                await body(*args, **kwargs)

    return timed


def _timed_fixture(
    seconds: float, name: str, function: Callable[..., object], tell: Callable[[str], object]
) -> Callable[..., object]:
    if isinstance(function, MethodType):  # pytest binds it again, to the object that a test gets
        timed = _timed_fixture(seconds, name, function.__func__, tell)
        return MethodType(timed, function.__self__)

    @contextlib.contextmanager
    def not_late(late: str) -> Generator[None]:
        __tracebackhide__ = True
        late = f"the fixture '{name}' {late}"
        with (
            adapter_here().cancellable() as cancel,
            in_time(Watchdog(seconds, late, cancel, tell)),
        ):
            yield

    @functools.wraps(function)
    async def returns(*args: object, **kwargs: object) -> object:
        __tracebackhide__ = True
        with not_late("is not set up"):
            return await cast("Awaitable[object]", function(*args, **kwargs))

    @functools.wraps(function)
    async def yields(*args: object, **kwargs: object) -> AsyncGenerator[object]:
        __tracebackhide__ = True
        generator = cast("AsyncGenerator[object]", function(*args, **kwargs))
        late = "is not set up"
        async with contextlib.aclosing(generator):
            while True:
                with not_late(late):
                    try:
                        value = await anext(generator)
                    except StopAsyncIteration:
                        return
                yield value  # noqa: ASYNC119 who runs the fixture closes it
                late = "does not end"

    return yields if inspect.isasyncgenfunction(function) else returns
