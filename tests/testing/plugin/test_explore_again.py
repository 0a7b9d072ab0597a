"""What others see of the runs of an explored test: who wraps it, runs it again or is told of it."""

import pytest

from tests.testing.plugin.shared import EXPLORED_HEAD


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
