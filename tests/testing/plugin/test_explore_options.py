"""`pytest --explore`: which tests, in how many orders, and what goes with it."""

import json

import pytest

from tests.testing.plugin.shared import EXPLORED_HEAD, FINE, RACE, explore, names, summary

ONE = "Schedule({(1, 1): 'idle'})"
CACHE = ".pytest_cache/v/awaits/explore"


@pytest.mark.parametrize(
    ("args", "n_orders"),
    [
        (["--explore=12"], 12),
        (["-o", "explore=12"], 12),
        (["-o", "explore=30", "--explore=12", "-p", "no:setuponly"], 12),
        (["--explore=12", "--explore-jitter=2.5"], 12),
        (["--explore"], 100),
        ([f"--explore={ONE}"], 1),
    ],
)
def test_the_option_says_how_many_orders(
    pytester: pytest.Pytester, args: list[str], n_orders: int
) -> None:
    pytester.makepyfile(EXPLORED_HEAD + FINE)
    result = pytester.runpytest(*args)

    result.assert_outcomes(passed=1)
    orders = "1 order" if n_orders == 1 else f"{n_orders} orders"
    assert summary(result).startswith(f"explored: 1 test, {orders}, ")


def test_without_the_option_or_a_marker_nothing_is_explored(pytester: pytest.Pytester) -> None:
    result = explore(pytester, RACE, "-o", "explore=", "--strict-config")

    result.assert_outcomes(passed=1)
    assert "explored:" not in result.stdout.str()


@pytest.mark.parametrize(
    ("mark", "explored"),
    [
        ("explore", "1 test, 100 orders"),
        ("explore(True)", "1 test, 100 orders"),
        ("explore(12)", "1 test, 12 orders"),
        ("explore(orders=1)", "1 test, 1 order, 1 distinct"),
        ("explore(orders=12, jitter=0.5)", "1 test, 12 orders"),
        ("explore(Schedule({(1, 1): 2}))", "1 test, 1 order, 1 distinct"),
        ("explore(Schedule(lambda task, step: int(task == 1)))", "1 test, 1 order, 1 distinct"),
        ("explore(False)", ""),
    ],
)
def test_the_marker_says_how_one_test_is_explored(
    pytester: pytest.Pytester, mark: str, explored: str
) -> None:
    tests = f"""
    @pytest.mark.{mark}{FINE}
    async def test_unmarked():
        await in_turns("a", "b")
    """
    result = explore(pytester, tests, "-o", "explore=")

    result.assert_outcomes(passed=2)
    said = [line.removeprefix("explored: ") for line in result.outlines if "explored:" in line]
    assert [line[: len(explored)] for line in said] == [explored][: bool(explored)]


def test_a_marker_keeps_a_test_out(pytester: pytest.Pytester) -> None:
    result = explore(pytester, f"    @pytest.mark.explore(False){RACE}{FINE}")

    result.assert_outcomes(passed=2)
    assert summary(result).startswith("explored: 1 test, 20 orders, ")


def test_the_closest_marker_counts_and_a_class_may_have_other_tests(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    @pytest.mark.explore(15)
    class TestClass:
        async def test_by_the_class(self):
            await in_turns("a", "b")

        @pytest.mark.explore(5)
        async def test_by_itself(self):
            await in_turns("a", "b")

        def test_sync(self): pass
    """
    result = explore(pytester, tests, "-o", "explore=")

    result.assert_outcomes(passed=3)
    assert summary(result).startswith("explored: 2 tests, 20 orders, ")


@pytest.mark.parametrize(
    ("arg", "sentence"),
    [
        ("--explore=0", "--explore must be a whole number of at least 1, *, not '0'."),
        ("--explore=many", "--explore must be a whole number of at least 1, *, not 'many'."),
        ("--explore=Schedule(1)", "--explore: *delays must be a mapping*"),
        (
            "--explore=Schedule({(1, 0): 1})",
            "--explore: *numbers of a schedule must be whole numbers*",
        ),
        ("--explore=Schedule(", "--explore: 'Schedule(' is not a schedule*"),
        ("--explore=Schedule(print())", "--explore: *is not a schedule*"),
        ("--explore-jitter=-1", "--explore-jitter must be a number of seconds *, not '-1'."),
        ("--explore-jitter=soon", "--explore-jitter must be a number of seconds *, not 'soon'."),
        ("--explore-jitter=nan", "--explore-jitter must be a number of seconds *, not 'nan'."),
        ("--explore-known=.", "--explore-known: cannot read *"),
    ],
)
@pytest.mark.parametrize("xdist", [[], ["-n1"]], ids=["alone", "xdist"])
def test_a_wrong_option_is_told_in_one_sentence(
    pytester: pytest.Pytester, arg: str, sentence: str, xdist: list[str]
) -> None:
    args = [] if arg.startswith("--explore=") else ["--explore=10"]
    pytester.makepyfile(EXPLORED_HEAD + FINE)
    result = pytester.runpytest(arg, *args, *xdist)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(f"ERROR: {sentence}")
    assert "Traceback" not in result.stdout.str() + result.stderr.str()


@pytest.mark.parametrize(
    "mark",
    [
        "0",
        "'all'",
        "1.5",
        "orders=True",
        "orders=0",
        "jitter=-1",
        "jitter=True",
        "jitter='1'",
        "seed=3",
        "3, 4",
        "schedule=3",
        *(f"{right}, seed=3" for right in ("orders=3", "jitter=1", "cancel=True", "Schedule()")),
        *(f"deviations={right}, seed=3" for right in ("2", "'all'")),
    ],
)
def test_a_wrong_marker_is_told_in_one_sentence(pytester: pytest.Pytester, mark: str) -> None:
    result = explore(pytester, f"    @pytest.mark.explore({mark}){FINE}")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines("ERROR: *::test_fine: explore takes False, a Schedule, or orders *")


def test_a_marker_on_a_test_that_anyio_does_not_run_is_an_error(pytester: pytest.Pytester) -> None:
    tests = """
    @pytest.mark.explore
    def test_sync(): pass
    """
    result = explore(pytester, tests)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines("ERROR: *::test_sync is marked explore, *; mark it anyio, *")

    tests = """
    import unittest
    pytestmark = []

    class TestIt(unittest.IsolatedAsyncioTestCase):
        @pytest.mark.explore
        async def test_async(self): pass
    """
    result = explore(pytester, tests)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        "ERROR: *::test_async is marked explore, *; unittest runs this one."
    )


def test_each_event_loop_is_explored_and_proved(pytester: pytest.Pytester) -> None:
    tests = (RACE + FINE).replace("():", "(anyio_backend):")
    pytester.makepyfile(EXPLORED_HEAD.replace("@pytest.fixture", "@pytest.mark.skip") + tests)
    result = pytester.runpytest("--explore=20", "--anyio-backends=asyncio,trio")

    result.assert_outcomes(failed=2, passed=2)
    assert summary(result).startswith("explored: 4 tests, 44 orders, ")


@pytest.mark.parametrize("arguments", ["", "tmp_path"], ids=["one loop", "a loop each"])
def test_virtual_time_begins_at_zero_in_each_order(
    pytester: pytest.Pytester, arguments: str
) -> None:
    tests = f"""
    async def test_hours({arguments}):
        async def sleep():
            await anyio.sleep(3600)

        assert anyio.current_time() == 0.0
        async with anyio.create_task_group() as tasks:
            for _ in range(4):
                tasks.start_soon(sleep)
        assert anyio.current_time() == 3600.0
    """
    result = explore(pytester, tests, "--virtual-time")

    result.assert_outcomes(passed=1)
    assert summary(result).startswith("explored: 1 test, 20 orders, ")


def test_a_jitter_lets_a_step_be_late_in_virtual_time(pytester: pytest.Pytester) -> None:
    tests = """
    async def test_race():
        order = []

        async def call(seconds):
            await anyio.sleep(seconds)
            order.append(seconds)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call, 1)
            tasks.start_soon(call, 2)
        assert order == [1, 2]
    """
    explore(pytester, tests, "--virtual-time").assert_outcomes(passed=1)
    late = explore(pytester, tests, "--virtual-time", "--explore=20", "--explore-jitter=4")
    late.assert_outcomes(failed=1)
    late.stdout.fnmatch_lines("It replays with: @pytest.mark.explore(Schedule(*, jitter=4.0))")


def test_under_xdist_the_main_process_counts_and_keeps_the_failures(
    pytester: pytest.Pytester,
) -> None:
    tests = RACE + FINE + FINE.replace("fine", "more")
    result = explore(pytester, tests, "--explore=10", "-n2", "--explore-known=known.txt")

    result.assert_outcomes(failed=1, passed=2)
    result.stdout.fnmatch_lines(["explored: 3 tests, 22 orders, *", "  1 known failure *"])
    cached = json.loads((pytester.path / CACHE).read_text())
    assert list(cached.values()) == [ONE]

    again = explore(pytester, tests, "--explore=10", "--explore-known=known.txt")
    again.assert_outcomes(xfailed=1, passed=2)


def test_under_xdist_a_marker_is_enough_and_a_wrong_one_is_told(
    pytester: pytest.Pytester,
) -> None:
    wrong = FINE.replace("fine", "wrong")
    tests = f"    @pytest.mark.explore(10){FINE}    @pytest.mark.explore('all'){wrong}"
    result = explore(pytester, tests, "-o", "explore=", "-n1")

    result.assert_outcomes(errors=2)  # without xdist, none runs either
    result.stdout.fnmatch_lines("*::test_wrong: explore takes False, a Schedule, or orders *")

    result = explore(pytester, tests.replace("'all'", "10"), "-o", "explore=", "-n1")
    assert summary(result).startswith("explored: 2 tests, 20 orders, ")


@pytest.mark.parametrize(
    ("option", "partner"),
    [
        ("--explore-jitter=3", "--explore"),
        ("--explore-known=known.txt", "--explore"),
        ("--explore-plot=plots", "--explore"),
        ("--virtual-time-idle=1", "--virtual-time"),
        ("--virtual-time-wall", "--virtual-time"),
    ],
)
def test_an_option_without_effect_is_told(
    pytester: pytest.Pytester, option: str, partner: str
) -> None:
    pytester.makepyfile(EXPLORED_HEAD + FINE)
    alone = pytester.runpytest(option)
    line = f"{option.partition('=')[0]} had no effect: no test ran with {partner}."
    alone.assert_outcomes(passed=1)
    alone.stdout.fnmatch_lines(line)
    pytester.runpytest(option, partner).stdout.no_fnmatch_line("*had no effect*")


@pytest.mark.parametrize("args", ["-x", "--maxfail=1"])
def test_a_run_stops_at_the_first_failure_if_it_is_to(pytester: pytest.Pytester, args: str) -> None:
    tests = """
    @pytest.fixture(scope="module", autouse=True)
    def wide():
        yield
        print("torn down")
    """
    result = explore(pytester, tests + RACE + FINE, args)

    result.assert_outcomes(failed=1)
    assert summary(result) == "explored: 1 test, 2 orders, 2 distinct"


def test_tests_are_chosen_as_always(pytester: pytest.Pytester) -> None:
    explore(pytester, RACE + FINE, "-k", "fine").assert_outcomes(passed=1, deselected=1)
    explore(pytester, RACE + FINE).assert_outcomes(passed=1, failed=1)
    result = explore(pytester, RACE + FINE, "--lf", "-v")
    result.assert_outcomes(failed=1)
    assert names(result, "FAILED") == ["test_race"]


def test_one_that_fails_in_an_order_counts_no_awaits(pytester: pytest.Pytester) -> None:
    once = "\n    async def test_once():\n        await anyio.sleep(0)\n"
    result = explore(pytester, RACE + once, "--explore-cancel", "--anyio-backends=asyncio")

    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines("cancelled: 1 test, at 1 await in all")


def test_pdb_begins_once(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        debugger="""
        import pdb

        class Debugger(pdb.Pdb):
            def interaction(self, frame, traceback): print("pdb begins")
        """
    )
    pytester.syspathinsert()
    at_once = "\n    async def test_at_once():\n        assert await in_turns('a') == 'never'\n"
    result = explore(pytester, RACE + FINE + at_once, "--pdb", "--pdbcls=debugger:Debugger")

    result.stdout.fnmatch_lines(["pdb begins", "*= FAILURES =*", "It replays with: *"])

    result.assert_outcomes(failed=2, passed=1)
    assert result.stdout.str().count("pdb begins") == 2


def test_hypothesis_draws_an_order_in_each_example(pytester: pytest.Pytester) -> None:
    tests = """
    from hypothesis import Phase, given, settings, strategies as st
    orders = set()

    @settings(database=None, derandomize=True, max_examples=300, deadline=None)
    @given(st.integers())
    async def test_orders(n):
        orders.add(await in_turns("a", "b"))

    @settings(database=None, derandomize=True, deadline=None, phases=list(Phase)[:5])
    @given(n=st.integers())
    async def test_race(n):
        assert await in_turns("a", "b") != "bbaa"

    @pytest.mark.explore(False)
    @settings(database=None, max_examples=5, deadline=None)
    @given(st.integers())
    async def test_kept_out(n):
        assert await in_turns("a", "b") == "abab"

    def test_what_was_seen():
        assert len(orders) > 2
    """
    # CPython 3.11 fails to parse now and then, this deep in calls: so in a process of its own.
    pytester.makepyfile(EXPLORED_HEAD + tests)
    result = pytester.runpytest_subprocess("--explore=20", "-v", "--tb=native")

    assert names(result, "FAILED") == ["test_race"]
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines("What Schedule({(1, *): *}) did:")


def test_a_test_of_hypothesis_that_is_not_set_up_leaves_nothing_to_the_next(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    from hypothesis import given, strategies as st

    @pytest.fixture(scope="module")
    def broken():
        pytest.skip("no network")

    @given(n=st.integers())
    async def test_skipped(broken, n): pass

    @pytest.mark.explore(False)
    async def test_kept_out():
        from awaits.testing import Schedule
        with Schedule():
            assert await in_turns("a", "b") == "abab"
    """
    explore(pytester, tests).assert_outcomes(skipped=1, passed=1)


def test_a_junit_file_has_nothing_of_the_kits(pytester: pytest.Pytester) -> None:
    result = explore(pytester, RACE + FINE, "--junitxml=junit.xml")

    result.assert_outcomes(failed=1, passed=1)
    assert "properties" not in pytester.path.joinpath("junit.xml").read_text(encoding="utf-8")
