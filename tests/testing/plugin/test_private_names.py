"""The private names of pytest, anyio's plugin and Hypothesis that the kit's stands on. If one of
these fails, a library has moved it: the heads of _pytest.py, _again.py, _anyio.py and examples.py
in src/awaits/testing/plugin tell what it is needed for.
"""

import inspect

import anyio.pytest_plugin
import pytest
from _pytest import python, runner
from _pytest.fixtures import FuncFixtureInfo
from hypothesis import control, given, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture.data import ConjectureData

from awaits.testing import Schedule, schedules
from awaits.testing.plugin import _again, _pytest
from awaits.testing.plugin.examples import draw

# pyright: reportPrivateUsage=false


@pytest.fixture(scope="module")
def wide() -> str:
    return "wide"


@pytest.mark.usefixtures("wide")
def test_pytest_keeps_the_fixtures_that_a_test_can_see_by_name(
    request: pytest.FixtureRequest,
) -> None:
    test = request.node
    assert isinstance(test, pytest.Function)
    assert isinstance(test._fixtureinfo, FuncFixtureInfo)
    (definition,) = test._fixtureinfo.name2fixturedefs["wide"]
    assert (definition.argname, definition.scope) == ("wide", "module")
    assert [definition] == list(_pytest.fixture_definitions(test, "wide"))
    assert _pytest.fixture_definitions(test, "there_is_none") == ()


def test_pytest_keeps_the_file_of_its_faulthandler(pytestconfig: pytest.Config) -> None:
    assert isinstance(_pytest.faulthandler_file(pytestconfig), int)


def test_pytest_keeps_the_value_of_a_fixture_with_its_key(
    request: pytest.FixtureRequest, wide: str
) -> None:
    (definition,) = _pytest.fixture_definitions(request.node, "wide")
    value, _key, error = definition.cached_result  # type: ignore[misc]
    assert (value, error) == (wide, None)
    assert list(inspect.signature(definition.cache_key).parameters) == ["request"]
    assert list(inspect.signature(definition.finish).parameters) == ["request"]


def test_pytest_runs_a_test_by_a_function_that_reports_what_it_did() -> None:
    parameters = inspect.signature(runner.runtestprotocol).parameters
    assert list(parameters) == ["item", "log", "nextitem"]
    source = inspect.getsource(runner.runtestprotocol)
    for phase in ("setup", "call", "teardown"):
        assert f'call_and_report(item, "{phase}", log' in source
    assert "item._initrequest()" in source  # so that it can be run again


def test_pytest_makes_the_function_and_the_object_of_a_test_anew_when_they_are_missing(
    request: pytest.FixtureRequest,
) -> None:
    test = request.node
    assert isinstance(test, pytest.Function)
    assert {"_obj"} <= vars(test).keys()
    before = test.obj
    for name in ("_obj", "_instance"):
        vars(test).pop(name, None)
    assert test.obj.__code__ is before.__code__


def test_pytest_asks_a_function_whether_others_are_to_look_at_a_failure() -> None:
    parameters = inspect.signature(runner.check_interactive_exception).parameters
    assert list(parameters) == ["call", "report"]
    source = inspect.getsource(runner.call_and_report)
    assert "if check_interactive_exception(call, report):" in source


@pytest.mark.parametrize("name", _again._TEARDOWN)
def test_pytest_has_plugins_that_take_part_in_a_teardown(
    pytestconfig: pytest.Config, name: str
) -> None:
    assert hasattr(pytestconfig.pluginmanager.get_plugin(name), "pytest_runtest_teardown")


@pytest.mark.parametrize("number", [1])
def test_pytest_makes_fixtures_of_one_name_for_parameters(
    request: pytest.FixtureRequest, number: int
) -> None:
    (definition,) = _pytest.fixture_definitions(request.node, "number")
    assert definition.func is python.get_direct_param_fixture_func
    assert definition.func.__name__ == _again._PARAMETER
    assert number == 1


def test_a_fixture_of_a_function_is_set_up_for_each_test(
    request: pytest.FixtureRequest, tmp_path: object
) -> None:
    assert tmp_path
    assert _again.is_set_up_for_each_test(request.node)


@pytest.mark.anyio
async def test_anyio_keeps_the_runner_of_its_tests_and_counts_its_users() -> None:
    names = vars(anyio.pytest_plugin)
    assert names["_current_runner"].is_running()
    assert names["_runner_leases"] == 1


@settings(max_examples=5)
@given(number=st.integers())
def test_hypothesis_draws_within_an_example(number: int) -> None:
    assert number == int(number)
    context = control.current_build_context()
    assert isinstance(context.data, ConjectureData)
    assert isinstance(draw(schedules()), Schedule)
