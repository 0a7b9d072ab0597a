"""What others see of the runs of an explored test: who wraps it, runs it again or is told of it."""

from unittest import mock

import pytest

from tests.testing.plugin.shared import EXPLORED_HEAD, FINE, RACE, explore

WRAPS = """
    import functools
    active = []

    def wrapped(body):
        @functools.wraps(body)
        async def wrapper(*args, **kwargs):
            active.append(body)
            try:
                await body(*args, **kwargs)
            finally:
                active.pop()

        return wrapper

    def pytest_collection_modifyitems(items):
        for item in items:
            if item.cls is not None:
                item.instance.given = "by a plugin"
            item.obj = wrapped(item.obj)
"""


def test_a_test_that_a_plugin_has_wrapped_is_wrapped_in_each_run(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeconftest(WRAPS)
    tests = """
    from conftest import active

    async def test_function():
        await in_turns("a", "b")
        assert len(active) == 1

    class TestClass:
        @pytest.fixture(autouse=True)
        def orders(self):
            self.orders = ["none so far"]

        async def test_method(self):
            assert not hasattr(self, "again")
            assert self.given == "by a plugin"
            self.again = True
            self.orders.append(await in_turns("a", "b"))
            assert (len(active), len(self.orders)) == (1, 2)
    """
    result = explore(pytester, tests)

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines("explored: 2 tests, 40 orders, *")


def test_a_method_has_an_object_of_its_own_in_each_run(pytester: pytest.Pytester) -> None:
    tests = """
    class TestClass:
        objects = []

        async def test_method(self):
            await in_turns("a", "b")
            assert self not in self.objects
            self.objects.append(self)
    """
    explore(pytester, tests).assert_outcomes(passed=1)


def test_a_function_that_a_collector_was_given_is_explored(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("""
        import pytest

        class Cases(pytest.Module):
            def collect(self):
                for names in ("ab", "ba"):
                    async def case(in_turns=self.obj.in_turns, names=names):
                        assert await in_turns(*names) != names[1] * 2 + names[0] * 2
                    yield pytest.Function.from_parent(self, name=f"case {names}", callobj=case)

        def pytest_pycollect_makemodule(module_path, parent):
            return Cases.from_parent(parent, path=module_path)
    """)
    result = explore(pytester, "", "--anyio-backends=asyncio")

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*_ case ab*", "It replays with: *", "*_ case ba*"])


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


def test_others_are_told_once_of_a_failure_that_is_reported_and_of_no_other(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeconftest("""
        def pytest_exception_interact(node, call, report):
            print(f"told of: {node.name} {report.when} {call.excinfo.typename}")
    """)
    tests = """
    runs = []

    async def test_at_once():
        assert await in_turns("a") == "never"

    async def test_once():
        runs.append(await in_turns("a", "b"))
        assert len(runs) == 1

    @pytest.fixture(scope="module")
    def server():
        yield
        raise ConnectionError

    async def test_end(server):
        await in_turns("a", "b")
    """
    result = explore(pytester, RACE + FINE + tests, "-s")

    result.assert_outcomes(failed=2, passed=3, errors=1)
    told = [line.partition("told of: ")[2] for line in result.outlines if "told of: " in line]
    assert told == [
        "test_race call AssertionError",
        "test_at_once call AssertionError",
        "test_end teardown ConnectionError",
    ]


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


INCREMENTAL = """
    import pytest

    failed = set()

    def pytest_runtest_makereport(item, call):
        if call.excinfo is not None:
            failed.add(item.cls)

    def pytest_runtest_setup(item):
        if item.cls in failed:
            pytest.xfail("a test before this one has failed")
"""


def test_who_notes_each_failure_hears_of_one_that_is_shown(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(INCREMENTAL)
    tests = """
    class TestRace:
        async def test_race(self):
            assert await in_turns("a", "b") != "bbaa"

    class TestOnce:
        seen = []

        async def test_once(self):
            self.seen.append(await in_turns("a", "b"))
            assert len(self.seen) == 1

        async def test_more(self):
            await in_turns("a", "b")
    """
    result = explore(pytester, tests, "--anyio-backends=asyncio")

    result.assert_outcomes(failed=1, passed=2)
    result.stdout.fnmatch_lines(["It replays with: *", "*test_once is not explored: *"])


def test_a_test_that_a_plugin_skips_when_it_has_failed_has_not_passed_again(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeconftest(
        """
        import pytest

        failed = set()

        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_makereport(item, call):
            if call.excinfo is not None:
                failed.add(item)
            return (yield)

        def pytest_runtest_setup(item):
            if item in failed:
                pytest.skip("it has failed")
        """
    )
    tests = """
    seen = []

    async def test_once():
        seen.append(await in_turns("a", "b"))
        assert len(seen) == 1
    """
    result = explore(pytester, tests, "--anyio-backends=asyncio")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines("*test_once is not explored: *")


def test_who_looks_at_the_next_test_sees_one_of_the_same_module(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        def pytest_runtest_teardown(item, nextitem):
            assert nextitem is None or nextitem.module is item.module
        """
    )
    explore(pytester, FINE, "--anyio-backends=asyncio").assert_outcomes(passed=1)


def test_the_faulthandler_of_pytest_waits_for_each_order_anew(pytester: pytest.Pytester) -> None:
    with mock.patch("faulthandler.dump_traceback_later") as begun:
        options = "-o", "faulthandler_timeout=60", "--anyio-backends=asyncio", "--explore=5"
        slow = FINE.replace("    await", "    import time; time.sleep(0.02)\n        await")
        explore(pytester, slow, *options).assert_outcomes(passed=1)
    assert begun.call_count > 5
    assert begun.call_args.args == (60,)


def test_the_faulthandler_of_pytest_begins_anew_for_each_test_though_they_are_short(
    pytester: pytest.Pytester,
) -> None:
    with mock.patch("faulthandler.dump_traceback_later") as begun:
        options = "-o", "faulthandler_timeout=60", "--anyio-backends=asyncio", "--explore=1"
        two = FINE + FINE.replace("test_fine", "test_as_well")
        explore(pytester, two, *options).assert_outcomes(passed=2)
    assert begun.call_count >= 4  # by pytest as each test begins, and by the kit


def test_a_test_that_cannot_run_twice_is_named_with_the_error_of_its_second_run(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    left = []

    async def test_it(tmp_path):
        assert not left, "an earlier run has left it"
        if await in_turns("a", "b") != "abab":
            left.append(1)
            raise ValueError
    """
    result = explore(pytester, tests)

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*test_it* is not explored: *", "*: an earlier run has left it *"])
