"""The pytest plugin of the kit: its options, markers and fixtures, and what they register."""

import contextlib
import copy
import functools
import itertools
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import pytest

from awaits.testing import backends
from awaits.testing.loops.oldest import OLDEST
from awaits.testing.plugin import options
from awaits.testing.plugin.options import OPTION, OPTIONAL, arguments_of, given

# Every run of pytest imports this module, so it imports other modules only if the run needs them.
if TYPE_CHECKING:
    from awaits.testing.clock import VirtualClock
    from awaits.testing.plugin.fixtures import AsyncFixtures
    from awaits.testing.plugin.virtual import VirtualTime

# What runs the bodies of tests, where it is registered.
_RUN_TESTS = "awaits-explore", "awaits-time", "awaits-leftovers", "awaits-timeouts"
# What makes tests fail that pass without it.
_FIND_FAULTS = "awaits-explore", "awaits-leftovers"


class _Worker(Protocol):
    """A process of pytest-xdist, as the main process sees it."""

    config: pytest.Config


_SUITE = pytest.StashKey[tuple[str, int, bool, bool]]()  # what `summary.Suite` is made of


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the kit's options, and an ini option for each."""
    options.add(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> None:
    """Keep the folder in `--anyio-backends tests/` from being read as a name; same for `--explore`.

    argparse gives the next word to an option with an optional value. This hook may change the
    arguments before pytest reads them for the last time; it has read them once already, to find
    conftests.
    """
    words = list(_words(args))
    if not OPTIONAL.keys().isdisjoint(words):
        for option, following in itertools.pairwise(words):
            if option in OPTIONAL and options.is_value(following) and not Path(following).exists():
                raise pytest.UsageError(
                    f"{option} has its value after an equals sign: {option}={following}; "
                    f"there is no file {following!r}."
                )
        args[:] = [f"{word}={OPTIONAL[word]}" if word in OPTIONAL else word for word in words]
        before = early_config.known_args_namespace
        known = parser.parse_known_args(args, namespace=copy.copy(early_config.option))
        known.confcutdir = before.confcutdir  # pytest has set it: no conftest from further above
        early_config.known_args_namespace = known


def _words(args: Iterable[str]) -> Iterator[str]:
    """Yield arguments, with those that stand in files, as in `pytest @args.txt`."""
    for arg in args:
        file = Path(arg[1:])
        if arg.startswith("@") and file.is_file():
            yield from _words(os.fsdecode(file.read_bytes()).splitlines())  # as argparse does
        else:
            yield arg


def pytest_configure(config: pytest.Config) -> None:
    """Choose the event loops; without the option, change nothing."""
    options.explain_markers(config)
    options.refuse_wrong_values(config)
    OLDEST.update(threading.enumerate())  # those of plugins, too
    if config.getoption("prove"):
        from awaits.testing.plugin.prove import Prove  # noqa: PLC0415 see above

        config.pluginmanager.register(Prove(config), "awaits-prove")
    given: str | None = config.getoption("anyio_backends")
    names = config.getini("anyio_backends") if given is None else given
    if given is None and not names:
        return
    try:
        chosen = backends.parse(names)
    except ValueError as error:
        raise pytest.UsageError(f"{OPTION}: {error}") from None
    try:
        from awaits.testing.plugin.choice import (  # noqa: PLC0415 see above
            ChosenBackends,
            fixture_for,
        )
    except (AttributeError, ImportError) as error:
        from awaits.testing.loops.fence import does_not_fit  # noqa: PLC0415 rarely needed

        raise pytest.UsageError(f"{OPTION}: {does_not_fit(error)}") from None
    from awaits.testing.plugin.proof import Witness  # noqa: PLC0415

    config.pluginmanager.register(ChosenBackends(chosen, Witness(config)), "awaits-backends")
    async_fixtures(config)
    # Registered after anyio, this fixture overrides anyio's; a project's own still overrides both.
    config.pluginmanager.register(fixture_for(chosen), "awaits-backends-fixture")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Under pytest-xdist, let the main process check the options, and count what is explored."""
    OLDEST.update(threading.enumerate())  # other plugins may have started some since
    config = session.config
    if config.pluginmanager.has_plugin("dsession"):
        with contextlib.suppress(AttributeError, ImportError):  # the other processes report it
            from awaits.testing.plugin.lines import Lines  # noqa: PLC0415
            from awaits.testing.plugin.plans import bring_in  # noqa: PLC0415 see above

            config.pluginmanager.register(Lines(), "awaits-lines")
            bring_in(config, (), counts=True)
        with contextlib.suppress(AttributeError, ImportError):  # one may fit without the other
            from awaits.testing.plugin import settings, timeouts  # noqa: PLC0415 see above

            settings.default_settings(config)
            timeouts.default_seconds(given(config, "anyio_timeout"))


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Register what the collected tests need: virtual time, exploring, and checks.

    If one of them does not fit this version of pytest, only the tests that need it fail.
    """
    config = session.config
    try:
        _bring_in(session)
    except pytest.UsageError as error:
        if not hasattr(config, "workerinput"):
            raise
        # A worker of pytest-xdist cannot refuse to run.
        _fail_tests(config, str(error), lambda _: True)
    if any(map(config.pluginmanager.has_plugin, _RUN_TESTS)):
        from awaits.testing.plugin.interrupted import Interrupted  # noqa: PLC0415 see above

        config.pluginmanager.register(Interrupted(), "awaits-interrupted")
    if any(map(config.pluginmanager.has_plugin, _FIND_FAULTS)):
        from awaits.testing.plugin.lines import Lines  # noqa: PLC0415 see above

        config.pluginmanager.register(Lines(), "awaits-lines")


def _bring_in(session: pytest.Session) -> None:
    config = session.config
    _check_virtual_time(session.items)
    explore = bool(given(config, "explore") or given(config, "explore_cancel"))
    if explore or any(it.get_closest_marker("explore") for it in session.items):
        try:
            from awaits.testing.plugin.plans import bring_in  # noqa: PLC0415 see above
        except (AttributeError, ImportError) as error:
            _fail_what_needs(config, error, _whom("explore", whole_suite=explore))
        else:
            bring_in(config, session.items)
    whole_suite: bool = config.getoption("virtual_time") or config.getini("virtual_time")
    is_virtual = functools.partial(_is_virtual, whole_suite=whole_suite)
    has_virtual = any(map(is_virtual, session.items))
    if whole_suite or has_virtual:  # elsewhere, the marker may be another plugin's
        _check_real_time(session.items)
    if has_virtual:
        try:
            from awaits.testing.plugin.virtual import bring_in_for  # noqa: PLC0415 see above
        except (AttributeError, ImportError) as error:
            _fail_what_needs(config, error, is_virtual)
        else:
            bring_in_for(config, is_virtual)
    _bring_in_judges(session)
    suite = {"--virtual-time": whole_suite, "--explore": given(config, "explore")}
    suite["--explore-cancel"] = given(config, "explore_cancel")
    if names := [name for name, is_given in suite.items() if is_given]:
        n_of_unittest = sum(map(_is_of_unittest, session.items))
        has_others = sum(map(_is_async, session.items)) > n_of_unittest
        takes_any = any(map(_is_async_test, session.items))
        found = ", ".join(names), n_of_unittest, has_others, takes_any
        config.stash[_SUITE] = found
        output: dict[str, object] | None = getattr(config, "workeroutput", None)
        if output is not None:
            output["awaits"] = found


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: _Worker) -> None:
    """Take from a worker of pytest-xdist what it has counted; each collects all tests."""
    found = getattr(node, "workeroutput", {}).get("awaits")
    if found is not None:
        node.config.stash[_SUITE] = found


def _check_real_time(items: Iterable[pytest.Item]) -> None:
    for item in items:
        mark = item.get_closest_marker("real_time")
        if mark is not None and (mark.args or mark.kwargs):
            raise pytest.UsageError(
                f"{item.nodeid}: real_time takes no arguments; leave them or the marker out."
            )


def _check_virtual_time(items: Iterable[pytest.Item]) -> None:
    for item in items:
        mark = item.get_closest_marker("virtual_time")
        if mark is not None and mark.args == (False,) and mark.kwargs:
            raise pytest.UsageError(
                f"{item.nodeid}: virtual_time(False) takes nothing else, not {arguments_of(mark)}."
            )


def _bring_in_judges(session: pytest.Session) -> None:
    """Register what fails tests that leave something behind or take too long."""
    config = session.config
    strict: bool = config.getoption("no_leftovers") or config.getini("no_leftovers")
    if strict or any(it.get_closest_marker("no_leftovers") for it in session.items):
        try:
            from awaits.testing.plugin import leftovers  # noqa: PLC0415 see above
        except (AttributeError, ImportError) as error:
            _fail_what_needs(config, error, _whom("no_leftovers", whole_suite=strict))
        else:
            leftovers.bring_in(config, session.items, whole_suite=strict)
    seconds = given(config, "anyio_timeout")
    if seconds or any(it.get_closest_marker("anyio_timeout") for it in session.items):
        try:
            from awaits.testing.plugin import timeouts  # noqa: PLC0415 see above
        except (AttributeError, ImportError) as error:
            those = _whom("anyio_timeout", off=None, whole_suite=bool(seconds))
            _fail_what_needs(config, error, those)
        else:
            timeouts.bring_in(config, session.items, default=seconds)


def _fail_what_needs(
    config: pytest.Config,
    error: ImportError | AttributeError,
    are_those: Callable[[pytest.Item], bool],
) -> None:
    """Fail the tests that need what cannot be imported."""
    from awaits.testing.loops.fence import does_not_fit  # noqa: PLC0415 rarely needed

    _fail_tests(config, does_not_fit(error), are_those)


def _fail_tests(
    config: pytest.Config, sentence: str, are_those: Callable[[pytest.Item], bool]
) -> None:
    from awaits.testing.plugin.refused import Refused  # noqa: PLC0415 rarely needed

    config.pluginmanager.register(Refused(sentence, are_those))


def pytest_terminal_summary(
    terminalreporter: "pytest.TerminalReporter", exitstatus: int | pytest.ExitCode
) -> None:
    """Say which tests were left alone, and which options had no effect."""
    from awaits.testing.plugin import summary  # noqa: PLC0415 see above

    found = terminalreporter.config.stash.get(_SUITE, None)
    suite = None if found is None else summary.Suite(*found)
    for sentence in summary.sentences(terminalreporter, exitstatus, suite):
        terminalreporter.write_line(sentence)


def async_fixtures(config: pytest.Config) -> "AsyncFixtures":
    """Return the plugin that knows which async fixtures are open; register it if there is none."""
    from awaits.testing.plugin.fixtures import AsyncFixtures  # noqa: PLC0415 see above

    fixtures = config.pluginmanager.get_plugin("awaits-async-fixtures")
    if fixtures is None:
        fixtures = AsyncFixtures()
        config.pluginmanager.register(fixtures, "awaits-async-fixtures")
    return cast("AsyncFixtures", fixtures)


def _is_virtual(item: pytest.Item, *, whole_suite: bool) -> bool:
    """Tell whether a test runs in virtual time.

    Args:
        item: A test.
        whole_suite: Whether all async tests do, except those marked `real_time`.
    """
    for mark in item.iter_markers():  # the closest one first
        if mark.name in ("virtual_time", "real_time"):
            return mark.name == "virtual_time" and mark.args != (False,)
    if "virtual_clock" in getattr(item, "fixturenames", []):
        return True
    return whole_suite and _is_async_test(item)


def _whom(marker: str, *, off: object = False, whole_suite: bool) -> Callable[[pytest.Item], bool]:
    """Return what tells whether a test is one of those that a marker is for.

    Args:
        marker: The marker.
        off: The argument with which the marker keeps a test out.
        whole_suite: Whether all async tests are, except those that are kept out.
    """

    def is_one(item: pytest.Item) -> bool:
        mark = item.get_closest_marker(marker)
        return (whole_suite and _is_async_test(item)) if mark is None else mark.args != (off,)

    return is_one


def _is_of_unittest(item: pytest.Item) -> bool:
    """Tell whether an async test is one that unittest runs, in an event loop of its own."""
    import unittest  # noqa: PLC0415 see above

    kind = getattr(item, "cls", None)
    return kind is not None and issubclass(kind, unittest.TestCase) and _is_async(item)


def _is_async(item: pytest.Item) -> bool:
    """Tell whether a test is a coroutine function, whoever runs it."""
    from awaits.testing.plugin.bodies import has_async_body  # noqa: PLC0415 see above

    return has_async_body(item)


def _is_async_test(item: pytest.Item) -> bool:
    """Tell whether a test is one that anyio, pytest-asyncio or pytest-trio runs."""
    from awaits.testing.plugin.runners import runner_of  # noqa: PLC0415 see above

    return runner_of(item) is not None


@pytest.fixture(scope="session")
def virtual_clock(request: pytest.FixtureRequest) -> "VirtualClock":
    """The clock of the test's event loop; asking for it makes the test's time virtual."""
    virtual_time = request.config.pluginmanager.get_plugin("awaits-time")
    if virtual_time is None or not cast("VirtualTime", virtual_time).is_on():
        pytest.fail(
            "getfixturevalue('virtual_clock') comes too late to make time virtual; have the test "
            "take virtual_clock as an argument, or mark it virtual_time.",
            pytrace=False,
        )
    return cast("VirtualTime", virtual_time).clock
