"""Runs a test again and again, with pytest's private names.

Read in pytest 8.2.0 and 9.2.0; tests/testing/plugin/test_private_names.py tells in plain words when
one has moved:

- `_pytest.runner.runtestprotocol`, which sets a test up, runs it and tears it down, also more than
  once; `Function._obj` and, from pytest 8.2 on, `_instance`, the function and the object that it is
  a method of, which are made anew when they are missing; `Item._report_sections`, to which each run
  adds its output.
- How the report begins when a test that is strictly marked xfail passes.
- `_pytest.runner.check_interactive_exception`, by which `runtestprotocol` asks whether to call the
  hook that tells pdb and others of a failure; `_pdbshown`, which pdb's plugin sets in a report.
- The names of pytest's own plugins that take part in a teardown.
- The name of the fixtures that pytest makes for parameters, `get_direct_param_fixture_func`.
- pytest-asyncio's fixture `_function_scoped_runner`; virtual_asyncio.py says more about it.
"""

# pyright: reportPrivateUsage=false

import copy
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from _pytest import python, runner

from awaits.testing.loops.fence import check_names
from awaits.testing.plugin._pytest import fixture_definitions

_PARAMETER = "get_direct_param_fixture_func"
_INTERACTS = "check_interactive_exception"
_LOGGING = "logging-plugin"
_OF_PYTEST = "_pytest.", "awaits.testing."  # and of the kit
_TEARDOWN = "runner", "capturemanager", _LOGGING, "threadexception", "unraisableexception"

if TYPE_CHECKING:
    import pluggy

check_names(
    "pytest",
    {
        python: [_PARAMETER],
        pytest.Function: ["_fixtureinfo", "_obj"],
        runner: ["runtestprotocol", _INTERACTS],
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


class _Unseen:
    """The hooks of a test that runs without anybody seeing it.

    Where there is no wrapper, a plugin or a conftest may note each report that it is asked to make,
    as to let tests that follow a failure fail as well.

    Args:
        hooks: The test's hooks.
        manager: Knows all plugins.
    """

    def __init__(self, hooks: object, manager: pytest.PytestPluginManager) -> None:
        self._hooks = hooks
        self._manager = manager

    @property
    def pytest_runtest_makereport(self) -> "pluggy.HookCaller":
        """Makes a report, without those who only note it."""
        hook: pluggy.HookCaller = getattr(self._hooks, "pytest_runtest_makereport")  # noqa: B009 see type
        asked = [
            it.plugin
            for it in hook.get_hookimpls()
            if it.wrapper or it.hookwrapper or it.function.__module__.startswith(_OF_PYTEST)
        ]
        others = [it for _, it in self._manager.list_name_plugin() if it not in asked]
        return self._manager.subset_hook_caller(hook.name, others)

    def __getattr__(self, name: str) -> object:
        return getattr(self._hooks, name)


class _Start:
    """What a test has before its first run, and is given again before each.

    Args:
        test: The test.
    """

    def __init__(self, test: pytest.Function) -> None:
        instance = test.instance
        method = None if instance is None else getattr(instance, test.originalname, None)
        self._properties = tuple(test.user_properties)
        self._function = None if test.obj == method else test.obj
        self._attributes = self._attributes_of(test).copy()

    def give(self, test: pytest.Function) -> None:
        """Let a test begin as it did at first."""
        test._report_sections.clear()
        test.user_properties[:] = self._properties
        if self._function is None:  # it is a method: pytest takes it from another object
            for name in ("_obj", "_instance"):
                vars(test).pop(name, None)
            return
        # By its name, pytest would find what somebody has wrapped, or nothing.
        test.obj = self._function  # some plugins, such as pytest-trio, replace it in each run
        attributes = self._attributes_of(test)
        attributes.clear()
        attributes.update(self._attributes)

    def _attributes_of(self, test: pytest.Function) -> dict[str, object]:
        """Return the attributes of the object that was made for the test alone, if there is one."""
        is_its_own = test.cls is not None and isinstance(test.instance, test.cls)
        return getattr(test.instance, "__dict__", {}) if is_its_own else {}


_START = pytest.StashKey[_Start]()


def run_again(test: pytest.Function, *, interacts: bool = False) -> list[pytest.TestReport]:
    """Set a test up, run it and tear it down, and return its reports without showing them.

    Args:
        test: The test.
        interacts: Whether pdb, plugins and conftests are told where it fails.
    """
    if _START not in test.stash:
        test.stash[_START] = _Start(test)
    test.stash[_START].give(test)
    sibling = copy.copy(test)  # a next test beside this one: nothing that both need is torn down
    with pytest.MonkeyPatch.context() as patch:
        if not interacts:
            patch.setattr(runner, _INTERACTS, _tells_nobody)
            hooks, manager = test.session.gethookproxy, test.config.pluginmanager

            def unseen(path: Path) -> _Unseen:
                return _Unseen(hooks(path), manager)

            patch.setattr(test.session, "gethookproxy", unseen)
        return runner.runtestprotocol(test, nextitem=sibling, log=False)


def _tells_nobody(_call: object, _report: object) -> bool:
    return False


def end_of_item(
    test: pytest.Item, nextitem: pytest.Item | None, torn_down: pytest.TestReport
) -> list[pytest.TestReport]:
    """Tear down what the next test does not need.

    Args:
        test: The test.
        nextitem: The next one.
        torn_down: The report of the test's own teardown.

    Returns:
        The reports of the whole teardown: one, unless two parts of it have failed.
    """
    if test.session.shouldfail or test.session.shouldstop:
        nextitem = None  # it will not run
    test._report_sections.clear()
    _hook(test, "pytest_runtest_setup", _LOGGING)(item=test)  # makes room for what is logged
    hook = _hook(test, "pytest_runtest_teardown", *_TEARDOWN)
    ends_the_run: tuple[type[BaseException], ...] = (pytest.exit.Exception, KeyboardInterrupt)
    if test.config.getoption("usepdb", False):
        ends_the_run = (pytest.exit.Exception,)  # pdb begins at Ctrl-C

    def end() -> None:
        hook(item=test, nextitem=nextitem)

    call = pytest.CallInfo.from_call(end, when="teardown", reraise=ends_the_run)
    if call.excinfo is None:
        torn_down.sections += pytest.TestReport.from_item_and_call(test, call).sections
        return [torn_down]
    report: pytest.TestReport = test.ihook.pytest_runtest_makereport(item=test, call=call)
    if runner.check_interactive_exception(call, report):
        test.ihook.pytest_exception_interact(node=test, call=call, report=report)
    if not torn_down.passed:
        return [torn_down, report]
    report.sections[:0] = torn_down.sections
    return [report]


def _hook(test: pytest.Item, name: str, *plugins: str) -> Callable[..., object]:
    """Return a hook of which only those plugins know: the others have seen the test end."""
    manager = test.config.pluginmanager
    others = [it for plugin, it in manager.list_name_plugin() if plugin not in plugins]
    return manager.subset_hook_caller(name, others)
