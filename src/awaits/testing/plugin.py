"""pytest's side of the kit: its options, markers and fixtures, and which hooks they bring."""

import copy
import functools
from typing import TYPE_CHECKING, cast

import pytest

from awaits.testing import backends

# Every run of pytest loads this module: what a run does not ask for is not imported.
if TYPE_CHECKING:
    from awaits.testing.clock import VirtualClock
    from awaits.testing.virtual import VirtualTime

OPTION = "--anyio-backends"


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


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> None:
    """Keep `--anyio-backends tests/` from taking the folder for the name of a backend.

    argparse gives an option with an optional value the word that follows. This hook may change the
    arguments before they are read for good; pytest has read them once already, to find conftests.
    """
    if OPTION in args:
        args[:] = [f"{OPTION}={backends.EVERY}" if arg == OPTION else arg for arg in args]
        early_config.known_args_namespace = parser.parse_known_args(
            args, namespace=copy.copy(early_config.option)
        )


def pytest_configure(config: pytest.Config) -> None:
    """Choose the event loops; without the option, change nothing."""
    config.addinivalue_line(
        "markers",
        "virtual_time(idle=0.0, wall=False): run this anyio test in virtual time; wait for `idle` "
        "seconds of real quiet before each move; with `wall`, move `time.time()` and the like too.",
    )
    config.addinivalue_line("markers", "real_time: keep this test out of --virtual-time.")

    given: str | None = config.getoption("anyio_backends")
    names = config.getini("anyio_backends") if given is None else given
    if given is None and not names:
        return
    try:
        chosen = backends.parse(names)
    except ValueError as error:
        raise pytest.UsageError(f"{OPTION}: {error}") from None
    from awaits.testing.choice import ChosenBackends, fixture_for  # noqa: PLC0415 see above
    from awaits.testing.fixtures import AsyncFixtures  # noqa: PLC0415
    from awaits.testing.proof import Witness  # noqa: PLC0415

    config.pluginmanager.register(ChosenBackends(chosen, Witness(config)), "awaits-backends")
    config.pluginmanager.register(AsyncFixtures(), "awaits-async-fixtures")
    # Registered after anyio, its fixture overrides anyio's; a project's own still overrides both.
    config.pluginmanager.register(fixture_for(chosen), "awaits-backends-fixture")


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Bring in virtual time, if there is a test that runs in it."""
    config = session.config
    whole_suite: bool = config.getoption("virtual_time") or config.getini("virtual_time")
    is_virtual = functools.partial(_is_virtual, whole_suite=whole_suite)
    if not any(map(is_virtual, session.items)):
        return
    from awaits.testing.fixtures import AsyncFixtures  # noqa: PLC0415 see above
    from awaits.testing.virtual import VirtualTime  # noqa: PLC0415

    fixtures = config.pluginmanager.get_plugin("awaits-async-fixtures")
    if fixtures is None:
        fixtures = AsyncFixtures()
        config.pluginmanager.register(fixtures, "awaits-async-fixtures")
    config.pluginmanager.register(VirtualTime(fixtures, is_virtual), "awaits-time")


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
    return "virtual_clock" in fixtures or (whole_suite and "anyio_backend" in fixtures)


@pytest.fixture(scope="session")
def virtual_clock(request: pytest.FixtureRequest) -> "VirtualClock":
    """The clock of the test's event loop; asking for it makes the test's time virtual."""
    virtual_time = request.config.pluginmanager.get_plugin("awaits-time")
    return cast("VirtualTime", virtual_time).clock
