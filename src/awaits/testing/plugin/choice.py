"""`--anyio-backends`: tests run on the event loops that were chosen, and prove it."""

import contextlib
import inspect
import types
from collections.abc import Generator, Iterable

import pytest

from awaits.testing import backends
from awaits.testing.loops import adapter
from awaits.testing.plugin._pytest import fixture_definitions
from awaits.testing.plugin.proof import Witness
from awaits.testing.plugin.runners import runner_of


class ChosenBackends:
    """The hooks that are there only when event loops were chosen."""

    def __init__(self, names: tuple[str, ...], witness: Witness) -> None:
        self.names: tuple[str, ...] = names
        self.witness: Witness = witness

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
            pin = backends.name_of(backend_of(item))
            (kept if pin is None or pin in self.names else left_out).append(item)
        if left_out:
            config.hook.pytest_deselected(items=left_out)
            items[:] = kept

    @pytest.hookimpl(wrapper=True)
    def pytest_collection_finish(self, session: pytest.Session) -> Generator[None]:
        """Leave out tests that anyio adds this late: those marked after they were collected."""
        before = session.items.copy()
        yield
        if session.items != before and "asyncio+uvloop" in self.names:
            raise pytest.UsageError(
                "--anyio-backends: tests that are marked anyio after they were collected cannot "
                "run on asyncio+uvloop; mark them in their module, or choose asyncio and trio."
            )
        self.pytest_collection_modifyitems(session.config, session.items)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Find out inside each test which event loop runs it."""
        __tracebackhide__ = True
        if not isinstance(item, pytest.Function):
            return (yield)
        expected = backends.name_of(item.funcargs.get("anyio_backend"))
        if expected is None:
            return (yield)
        if expected not in self.names:
            pytest.skip(f"pinned to {expected}; --anyio-backends chose {', '.join(self.names)}")
        try:
            with self.witness.in_place_of(item, expected):
                result = yield
        finally:
            if complaint := self.witness.complaint():
                pytest.fail(f"{item.nodeid}: {complaint}", pytrace=False)
        if self.witness.saw_nothing():
            pytest.fail(f"{item.nodeid}: nothing shows that it ran on {expected}.", pytrace=False)
        return result


def fixture_for(names: tuple[str, ...]) -> types.ModuleType:
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


def backend_of(item: pytest.Item) -> object:
    """Return what a test's `anyio_backend` will be, as far as that can be told before it runs."""
    if not isinstance(item, pytest.Function):
        return None
    if hasattr(item, "callspec") and "anyio_backend" in item.callspec.params:
        return item.callspec.params["anyio_backend"]
    definitions = fixture_definitions(item, "anyio_backend")
    pin = definitions[-1] if definitions else None
    if pin is not None and not pin.argnames:
        # anyio's documentation pins tests with a fixture that returns a constant, so call it. If
        # that takes more than a plain call, its value is known only when the test is set up.
        with contextlib.suppress(Exception):
            return pin.func(item.instance) if inspect.signature(pin.func).parameters else pin.func()
    return None


def event_loop_of(item: pytest.Item) -> str | None:
    """Return on which event loop a test runs, as far as that can be told before it runs.

    Returns:
        One of `backends.NAMES`; `None` if it cannot be told.
    """
    match runner_of(item):
        case "pytest-asyncio":
            return "asyncio"
        case "pytest-trio":
            return "trio"
        case "anyio" | None:
            return backends.name_of(backend_of(item))


def import_adapters(tests: Iterable[pytest.Item]) -> None:
    """Import what steers these tests: in a test, fixtures may have replaced what imports use."""
    names = {(event_loop_of(it) or "").partition("+")[0] for it in tests}
    for name in backends.installed():
        if backends.is_steered(name) and names & {name, ""}:  # one that cannot be told is any
            with contextlib.suppress(ValueError):  # it does not fit
                adapter(name)


def misfit_of(test: pytest.Item) -> str | None:
    """Return the sentence that tells why a test's event loop cannot be steered in this version.

    Returns:
        The sentence; `None` if it can be, or if no version of it can.
    """
    name = event_loop_of(test)
    if name is None or not backends.is_steered(name):
        return None
    try:
        adapter(name)
    except ValueError as error:
        return str(error)
    return None
