"""pytest's side of the kit: `--anyio-backends`, and the proof that each test ran where it says."""

import contextlib
import copy
import inspect
import types
from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

from awaits.testing import backends
from awaits.testing.proof import Witness

if TYPE_CHECKING:
    from _pytest.fixtures import SubRequest

OPTION = "--anyio-backends"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option and its ini twin."""
    parser.getgroup("awaits").addoption(
        OPTION,
        nargs="?",
        const=backends.EVERY,
        metavar="NAMES",
        help="run the anyio tests on these event loops, and prove that they ran there: names from "
        f"{', '.join(backends.NAMES)}, separated by commas; without names, on every one installed",
    )
    parser.addini("anyio_backends", f"what {OPTION} is when it is not given", default="")


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
    given: str | None = config.getoption("anyio_backends")
    names = config.getini("anyio_backends") if given is None else given
    if given is None and not names:
        return
    try:
        chosen = backends.parse(names)
    except ValueError as error:
        raise pytest.UsageError(f"{OPTION}: {error}") from None
    config.pluginmanager.register(ChosenBackends(chosen, Witness(config)), "awaits-backends")
    # Registered after anyio, its fixture overrides anyio's; a project's own still overrides both.
    config.pluginmanager.register(_fixture_for(chosen), "awaits-backends-fixture")


class ChosenBackends:
    """The hooks that are there only when event loops were chosen."""

    def __init__(self, names: tuple[str, ...], witness: Witness) -> None:
        self.names = names
        self.witness = witness
        self._open: dict[pytest.FixtureDef[object], tuple[object, SubRequest]] = {}

    def pytest_report_header(self) -> str:
        """Name the event loops and their versions."""
        return f"anyio backends: {', '.join(map(backends.version, self.names))}"

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Leave out the tests that are pinned to an event loop that was not chosen."""
        kept: list[pytest.Item] = []
        left_out: list[pytest.Item] = []
        for item in items:
            pin = backends.name_of(_backend_of(item))
            (kept if pin is None or pin in self.names else left_out).append(item)
        if left_out:
            config.hook.pytest_deselected(items=left_out)
            items[:] = kept

    @pytest.hookimpl(wrapper=True)
    def pytest_collection_finish(self, session: pytest.Session) -> Generator[None]:
        """Leave out what anyio adds this late: the tests marked after they were collected."""
        before = session.items.copy()
        yield
        if session.items != before and "asyncio+uvloop" in self.names:
            raise pytest.UsageError(
                f"{OPTION}: tests that are marked anyio after they were collected cannot run on "
                "asyncio+uvloop; mark them in their module, or choose asyncio and trio alone."
            )
        self.pytest_collection_modifyitems(session.config, session.items)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[object], request: "SubRequest"
    ) -> Generator[None, object, object]:
        """End the async fixtures of one event loop before the tests of the next.

        anyio keeps its event loop while an async fixture is open, and pytest does not know that a
        fixture of a wider scope depends on `anyio_backend` unless it says so: all tests that
        follow in its scope would run on the first event loop, whatever they are labelled.
        """
        value = yield
        if fixturedef.argname == "anyio_backend":
            for other, (backend, its_request) in reversed(self._open.copy().items()):
                if backend != value:
                    del self._open[other]
                    other.finish(its_request)
        elif "anyio_backend" in request.fixturenames and (
            inspect.iscoroutinefunction(fixturedef.func)
            or inspect.isasyncgenfunction(fixturedef.func)
        ):
            self._open.pop(fixturedef, None)  # so that the last one opened stands last
            self._open[fixturedef] = request.getfixturevalue("anyio_backend"), request
        return value

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Have each test see for itself which event loop runs it."""
        if not isinstance(item, pytest.Function):
            return (yield)
        expected = backends.name_of(item.funcargs.get("anyio_backend"))
        if expected is None:
            return (yield)
        if expected not in self.names:
            pytest.skip(f"pinned to {expected}; {OPTION} chose {', '.join(self.names)}")
        self.witness.enter(item, expected)
        try:
            result = yield
        finally:
            if complaint := self.witness.complaint():
                pytest.fail(f"{item.nodeid}: {complaint}", pytrace=False)
        if self.witness.saw_nothing():
            pytest.fail(f"{item.nodeid}: nothing shows that it ran on {expected}.", pytrace=False)
        return result


def _fixture_for(names: tuple[str, ...]) -> types.ModuleType:
    """Return a plugin with a fixture like anyio's own, whose parameters are these event loops."""
    # A test may compare the fixture with a plain name, which is what anyio's own gives.
    values = [name if "+" not in name else backends.anyio_backend(name) for name in names]

    @pytest.fixture(scope="module", params=values, ids=names)
    def anyio_backend(request: pytest.FixtureRequest) -> str | backends.AnyioBackend:
        backend: str | backends.AnyioBackend = request.param
        return backend

    # pytest looks for fixtures in modules and in classes; one in a class would be a method.
    plugin = types.ModuleType("awaits_backends_fixture")
    vars(plugin)["anyio_backend"] = anyio_backend
    return plugin


def _backend_of(item: pytest.Item) -> object:
    """Return what a test's `anyio_backend` will be, as far as that can be told before it runs."""
    if not isinstance(item, pytest.Function):
        return None
    if hasattr(item, "callspec") and "anyio_backend" in item.callspec.params:
        return item.callspec.params["anyio_backend"]
    # pytest has no public way from a test to its fixtures; anyio and pytest-asyncio take this one.
    fixtures = item._fixtureinfo.name2fixturedefs  # pyright: ignore[reportPrivateUsage]
    pin = fixtures["anyio_backend"][-1] if "anyio_backend" in fixtures else None
    if pin is not None and not pin.argnames:
        # anyio's documentation pins with a fixture that returns a constant: ask it. If asking takes
        # more than a call, the fixture is left to tell when the test is set up.
        with contextlib.suppress(Exception):
            return pin.func(item.instance) if inspect.signature(pin.func).parameters else pin.func()
    return None
