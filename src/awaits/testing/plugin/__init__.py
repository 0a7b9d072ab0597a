"""pytest's side of the kit: its options, markers and fixtures, and which hooks they bring."""

import copy
import functools
from typing import TYPE_CHECKING, cast

import pytest

from awaits.testing import backends

# Every run of pytest loads this module: what a run does not ask for is not imported.
if TYPE_CHECKING:
    from awaits.testing.clock import VirtualClock
    from awaits.testing.plugin.fixtures import AsyncFixtures
    from awaits.testing.plugin.virtual import VirtualTime

OPTION = "--anyio-backends"
# The options whose value may be left out, and what they are then.
OPTIONAL = {OPTION: backends.EVERY, "--explore": "100"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option and its ini twin."""
    group = parser.getgroup("awaits")
    group.addoption(
        OPTION,
        nargs="?",
        const=backends.EVERY,
        metavar="NAMES",
        help="run the anyio tests on these event loops, and prove that they ran there: names from "
        f"{', '.join(backends.NAMES)}, separated by commas; without names, on every one installed",
    )
    parser.addini("anyio_backends", f"what {OPTION} is when it is not given", default="")
    group.addoption(
        "--virtual-time",
        action="store_true",
        help="run the anyio tests in virtual time, but for those marked real_time",
    )
    parser.addini("virtual_time", "whether --virtual-time is given", type="bool", default=False)
    group.addoption(
        "--virtual-time-idle",
        metavar="SECONDS",
        help="in virtual time, wait for so many seconds of real quiet before each move",
    )
    parser.addini("virtual_time_idle", "what --virtual-time-idle is when it is not given")
    parser.addini(
        "virtual_time_turns",
        "in virtual time, fail after so many turns of the event loop at one instant",
        default="100000",
    )
    group.addoption(
        "--virtual-time-wall",
        action="store_true",
        help="in virtual time, move time.time(), datetime.now() and the like too",
    )
    parser.addini(
        "virtual_time_wall", "whether --virtual-time-wall is given", type="bool", default=False
    )
    group.addoption(
        "--explore",
        nargs="?",
        const=OPTIONAL["--explore"],
        metavar="ORDERS",
        help="run each anyio test in so many orders of its tasks (100), but for those marked "
        "explore(False); or in one, such as --explore='Schedule({(1, 2): 3})'",
    )
    parser.addini("explore", "what --explore is when it is not given", default="")
    group.addoption(
        "--explore-jitter",
        metavar="SECONDS",
        help="let a delayed step be late by so many seconds of virtual time",
    )
    parser.addini("explore_jitter", "what --explore-jitter is when it is not given", default="")
    group.addoption(
        "--explore-known",
        metavar="FILE",
        help="count the failures in this file as expected ones; write it, if there is none",
    )
    parser.addini("explore_known", "what --explore-known is when it is not given", default="")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> None:
    """Keep `--anyio-backends tests/` from taking the folder for a name; `--explore` likewise.

    argparse gives an option with an optional value the word that follows. This hook may change the
    arguments before they are read for good; pytest has read them once already, to find conftests.
    """
    if not OPTIONAL.keys().isdisjoint(args):
        args[:] = [f"{arg}={OPTIONAL[arg]}" if arg in OPTIONAL else arg for arg in args]
        early_config.known_args_namespace = parser.parse_known_args(
            args, namespace=copy.copy(early_config.option)
        )


def pytest_configure(config: pytest.Config) -> None:
    """Choose the event loops; without the option, change nothing."""
    config.addinivalue_line(
        "markers",
        "virtual_time(idle=0.0, wall=False, turns=100_000): run this anyio test in virtual time; "
        "wait for `idle` seconds of real quiet before each move; with `wall`, move `time.time()` "
        "and the like too; fail after so many `turns` of the event loop at one instant.",
    )
    config.addinivalue_line("markers", "real_time: keep this test out of --virtual-time.")
    config.addinivalue_line(
        "markers",
        "explore(orders=100, jitter=0.0): run this anyio test in so many orders of its tasks; "
        "explore(False): never; explore(Schedule(...)): in this one.",
    )

    given: str | None = config.getoption("anyio_backends")
    names = config.getini("anyio_backends") if given is None else given
    if given is None and not names:
        return
    try:
        chosen = backends.parse(names)
    except ValueError as error:
        raise pytest.UsageError(f"{OPTION}: {error}") from None
    from awaits.testing.plugin.choice import ChosenBackends, fixture_for  # noqa: PLC0415 see above
    from awaits.testing.plugin.proof import Witness  # noqa: PLC0415

    config.pluginmanager.register(ChosenBackends(chosen, Witness(config)), "awaits-backends")
    async_fixtures(config)
    # Registered after anyio, its fixture overrides anyio's; a project's own still overrides both.
    config.pluginmanager.register(fixture_for(chosen), "awaits-backends-fixture")


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Bring in what there are tests for: virtual time, and exploring."""
    config = session.config
    if given(config, "explore") or any(it.get_closest_marker("explore") for it in session.items):
        from awaits.testing.plugin.plans import bring_in  # noqa: PLC0415 see above

        bring_in(config, session.items)
    whole_suite: bool = config.getoption("virtual_time") or config.getini("virtual_time")
    is_virtual = functools.partial(_is_virtual, whole_suite=whole_suite)
    if not any(map(is_virtual, session.items)):
        return
    from awaits.testing.plugin.virtual import Settings, VirtualTime  # noqa: PLC0415 see above

    idle = given(config, "virtual_time_idle") or "0"
    wall: bool = config.getoption("virtual_time_wall") or config.getini("virtual_time_wall")
    turns = _turns(config)
    try:
        virtual_time = VirtualTime(
            config, async_fixtures(config), is_virtual, Settings(float(idle), wall, turns)
        )
    except ValueError:
        raise pytest.UsageError(
            f"--virtual-time-idle must be a number of seconds of at least 0, not {idle!r}."
        ) from None
    config.pluginmanager.register(virtual_time, "awaits-time")


def _turns(config: pytest.Config) -> int:
    turns: str = config.getini("virtual_time_turns")
    if not (turns.isdecimal() and int(turns)):
        raise pytest.UsageError(
            f"virtual_time_turns must be a number of at least 1, not {turns!r}."
        )
    return int(turns)


def given(config: pytest.Config, name: str) -> str:
    """Return what an option is, or its ini twin."""
    option: str | None = config.getoption(name)
    ini: str = config.getini(name)
    return ini if option is None else option


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
        whole_suite: Whether all anyio tests do that are not marked `real_time`.
    """
    for mark in item.iter_markers():  # the closest one first
        if mark.name in ("virtual_time", "real_time"):
            return mark.name == "virtual_time"
    fixtures: list[str] = getattr(item, "fixturenames", [])
    if "virtual_clock" in fixtures:
        return True
    if not (whole_suite and "anyio_backend" in fixtures):
        return False
    from awaits.testing.plugin.bodies import has_async_body  # noqa: PLC0415 see above

    return has_async_body(item)  # the others only happen to use the fixture


@pytest.fixture(scope="session")
def virtual_clock(request: pytest.FixtureRequest) -> "VirtualClock":
    """The clock of the test's event loop; asking for it makes the test's time virtual."""
    virtual_time = request.config.pluginmanager.get_plugin("awaits-time")
    return cast("VirtualTime", virtual_time).clock
