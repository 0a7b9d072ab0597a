"""What others see of the runs of an explored test: who wraps it, runs it again or is told of it."""

import pytest

from tests.testing.plugin.shared import EXPLORED_HEAD, FINE, explore


def test_a_race_that_hypothesis_finds_is_found_each_time_a_plugin_runs_the_test(
    pytester: pytest.Pytester,
) -> None:
    # As pytest-rerunfailures does.
    pytester.makeconftest("""
        from _pytest.runner import runtestprotocol

        def pytest_runtest_protocol(item, nextitem):
            for _ in range(3):
                reports = runtestprotocol(item, nextitem=nextitem, log=False)
            for report in reports:
                item.ihook.pytest_runtest_logreport(report=report)
            return True
    """)
    tests = """
    import inspect
    from hypothesis import Phase, given, settings, strategies as st

    @settings(database=None, derandomize=True, deadline=None, phases=list(Phase)[:5])
    @given(st.integers())
    async def test_race(n):
        assert await in_turns("a", "b") != "bbaa"

    def test_what_is_left():
        assert inspect.iscoroutinefunction(test_race.hypothesis.inner_test)
    """
    # CPython 3.11 fails to parse now and then, this deep in calls: so in a process of its own.
    pytester.makepyfile(EXPLORED_HEAD + tests)
    result = pytester.runpytest_subprocess("--explore=20", "--tb=native")

    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines("What Schedule({(1, *): *}) did:")


def test_an_order_in_which_the_program_exits_fails_the_test_and_no_later_one(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    @pytest.fixture(scope="module", autouse=True)
    async def server(anyio_backend):
        yield

    async def test_exits():
        if await in_turns("a", "b") == "bbaa":
            raise SystemExit("an update is lost")
    """
    result = explore(pytester, tests + FINE)

    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["E * SystemExit: an update is lost", "It replays with: *"])


@pytest.mark.parametrize(
    "error", ["SystemExit", "BaseExceptionGroup('', [pytest.fail.Exception()])"]
)
def test_hypothesis_hears_of_it_in_whichever_example_it_was(
    pytester: pytest.Pytester, error: str
) -> None:
    tests = f"""
    from hypothesis import Phase, given, settings, strategies as st
    orders = []

    @settings(database=None, derandomize=True, deadline=None, phases=list(Phase)[:5])
    @given(st.integers())
    async def test_exits_once(n):
        orders.append(await in_turns("a", "b"))
        if orders.count("bbaa") == 1 and orders[-1] == "bbaa":
            raise {error}
    """
    # In a process of its own, as above.
    pytester.makepyfile(EXPLORED_HEAD + tests)
    result = pytester.runpytest_subprocess("--explore=20", "--tb=native")

    result.assert_outcomes(failed=1)
