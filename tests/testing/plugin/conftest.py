"""The plugin is tried as a user does: on small projects that pytester makes."""

import gc
import importlib
import pkgutil
import sys
import warnings
from collections.abc import Iterator

import pytest
from hypothesis import given, strategies

import awaits.testing
from tests.testing.plugin.shared import Apart

# pytester forgets the modules that an inner run was first to import, so import here what is slow,
# and all of the kit: it remembers what there was at its start, such as threads and frozen objects.
for module in ("hypothesis.strategies", "time_machine", "trio", "uvloop"):
    importlib.import_module(module)
for found in pkgutil.walk_packages(awaits.testing.__path__, "awaits.testing."):
    importlib.import_module(found.name)


@pytest.fixture(autouse=True)
def project(collected: None, pytester: pytest.Pytester) -> None:  # noqa: ARG001 it ends last
    """A project that has no settings of its own, but for a default that pytest-asyncio asks for.

    pytest-trio stays away, where it is not asked for: it makes trio deterministic when imported.
    """
    pytester.makeini(
        "[pytest]\nasyncio_default_fixture_loop_scope = function\naddopts = -p no:trio"
    )


@pytest.fixture
def apart(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Apart:
    """Return what runs pytest in a process of its own, with no plugin but anyio's and the kit's.

    That process can be killed if it does not end. The other plugins, which are for other tests,
    would double the time in which it starts.
    """
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(*args: str) -> pytest.RunResult:
        plugins = "-p", "anyio", "-p", "awaits.testing.plugin"
        return pytester.runpytest_subprocess(*plugins, *args, timeout=300)

    return run


def collect() -> None:
    """Have garbage collected now, whatever it says: tests of the plugin leave some on purpose.

    In the middle of the next test, it would be told as that one's; and Python 3.11 cannot do it
    while it reads code for a traceback (python/cpython#106905).
    """
    before = sys.unraisablehook
    sys.unraisablehook = lambda _: None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()
    sys.unraisablehook = before


@given(strategies.none())
def begun(_: None) -> None:
    """Have Hypothesis make its source of random numbers, for which it looks among what is alive."""


@pytest.fixture(autouse=True, scope="module")
def collected_before() -> Iterator[None]:
    """What the tests of other modules left behind is gone."""
    begun()
    collect()
    gc.freeze()  # the modules, which stay, are not looked through after each test
    yield
    gc.unfreeze()


@pytest.fixture
def collected() -> Iterator[None]:
    """What a test leaves behind is gone when the next one begins, and not in its middle."""
    gc.disable()
    yield
    for name in ("last_exc", "last_value", "last_traceback"):  # of a test that failed
        if hasattr(sys, name):
            delattr(sys, name)
    collect()
    gc.enable()
