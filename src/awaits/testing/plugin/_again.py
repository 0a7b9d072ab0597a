"""Runs a test again and again, with pytest's private names.

Read in pytest 8.2.0 and 9.2.0; tests/testing/plugin/test_private_names.py tells in plain words when
one has moved:

- `_pytest.runner.runtestprotocol`, which sets a test up, runs it and tears it down, also more than
  once; `Function._obj` and, from pytest 8.2 on, `_instance`, the function and the object that it is
  a method of, which are made anew when they are missing; `Item._report_sections`, to which each run
  adds its output.
- How the report begins when a test that is strictly marked xfail passes.
- `pdbinvoke`, the name of the plugin that starts pdb where a test fails; `_pdbshown`, which that
  sets in a report.
- `Session._setupstate`, to tear down what the next test does not need.
- The name of the fixtures that pytest makes for parameters, `get_direct_param_fixture_func`.
- pytest-asyncio's fixture `_function_scoped_runner`; virtual_asyncio.py says more about it.
"""

# pyright: reportPrivateUsage=false

from typing import cast

import pytest
from _pytest import python
from _pytest.runner import SetupState, runtestprotocol

from awaits.testing.loops.fence import check_names
from awaits.testing.plugin._pytest import fixture_definitions

PROPERTIES = pytest.StashKey[tuple[tuple[str, object], ...]]()  # of a test, before its first run
_PARAMETER = "get_direct_param_fixture_func"

check_names(
    "pytest",
    {
        python: [_PARAMETER],
        pytest.Function: ["_fixtureinfo", "_obj"],
        pytest.Session: ["_setupstate"],
        SetupState: ["teardown_exact"],
    },
)


def is_set_up_for_each_test(test: pytest.Function) -> bool:
    """Tell whether anything is set up for this test alone: a fixture, or its class's object."""
    # A test that is given `request` may ask for any fixture later.
    if test.cls is not None or "request" in test._fixtureinfo.argnames:
        return True
    for name in test.fixturenames:
        if name == "_function_scoped_runner":
            continue  # pytest-asyncio's event loop, which stays open as anyio's does
        definitions = fixture_definitions(test, name)
        if not definitions:
            if name != "request":
                return True
        elif definitions[-1].scope == "function":
            function = getattr(definitions[-1].func, "__name__", "")
            if function != _PARAMETER:
                return True
    return False


def has_failed(report: pytest.TestReport) -> bool:
    """Tell whether a part of a test has failed, whether or not that is expected by a marker."""
    if report.skipped:
        return "xfail" in report.keywords and hasattr(report, "wasxfail")
    passed = report.when == "call" and str(report.longrepr).startswith("[XPASS(strict)]")
    return report.failed and not passed


def is_run_again_if_it_fails(test: pytest.Function) -> bool:
    """Tell whether pytest-rerunfailures may run a test again."""
    config = test.config
    if not config.pluginmanager.has_plugin("rerunfailures"):
        return False
    reruns = config.getoption("reruns", None) or config.getoption("force_reruns", None)
    return bool(reruns or test.get_closest_marker("flaky"))


class _Sibling(pytest.Item):
    """Stands for a next test beside this one, so that nothing that both need is torn down."""

    def runtest(self) -> None:
        """Do nothing: it is never run."""


def run_again(test: pytest.Function, *, debugs: bool = False) -> list[pytest.TestReport]:
    """Set a test up, run it and tear it down, and return its reports without showing them.

    Args:
        test: The test.
        debugs: Whether pdb may start where it fails.
    """
    for name in ("_obj", "_instance"):
        vars(test).pop(name, None)
    test._report_sections.clear()
    properties = test.stash.setdefault(PROPERTIES, tuple(test.user_properties))
    test.user_properties[:] = properties
    sibling = _Sibling.from_parent(cast("pytest.Collector", test.parent), name="sibling")
    plugins = test.config.pluginmanager
    pdb = None if debugs else plugins.get_plugin("pdbinvoke")
    if pdb is not None:
        plugins.unregister(pdb)
    try:
        return runtestprotocol(test, nextitem=sibling, log=False)
    finally:
        if pdb is not None:
            plugins.register(pdb, "pdbinvoke")


def end_of_item(test: pytest.Item, nextitem: pytest.Item | None) -> list[pytest.TestReport]:
    """Tear down what the next test does not need; return a report if that fails."""
    call = pytest.CallInfo.from_call(
        lambda: test.session._setupstate.teardown_exact(nextitem),
        when="teardown",
    )
    if call.excinfo is None:
        return []
    report: pytest.TestReport = test.ihook.pytest_runtest_makereport(item=test, call=call)
    return [report]
