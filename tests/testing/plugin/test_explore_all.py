"""`pytest --explore=all`: each order there is, and a word on what was not tried."""

import pytest

from tests.testing.plugin.shared import EXPLORED_HEAD, FINE, RACE, explore


def lines_after_the_summary(result: pytest.RunResult) -> list[str]:
    """What stands below the line that says what was explored."""
    numbers = [n for n, line in enumerate(result.outlines) if line.startswith("explored: ")]
    below = result.outlines[numbers[0] + 1 :]
    return [line.strip() for line in below if line.startswith("  ")]


@pytest.mark.parametrize("arguments", ["", "tmp_path"], ids=["one loop", "a loop each"])
def test_each_order_is_tried_and_the_end_says_so(pytester: pytest.Pytester, arguments: str) -> None:
    pytester.makepyfile(EXPLORED_HEAD + FINE.replace("()", f"({arguments})"))
    result = pytester.runpytest("--explore=all")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines("explored: 1 test, * orders, 20 distinct")
    assert lines_after_the_summary(result) == ["1 test in all orders"]


@pytest.mark.parametrize("option", ["--explore=", "--explore-cancel="])
def test_any_number_is_taken_for_as_many_as_there_are(
    pytester: pytest.Pytester, option: str
) -> None:
    result = explore(pytester, "    async def test_one(): pass", f"{option}{10**30}")
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("args", "sleeps"),
    [(["--virtual-time"], True), (["--virtual-time", "--explore-jitter=1"], False), ([], False)],
)
def test_how_many_of_them_sleep_for_as_long_in_each_order_is_said(
    pytester: pytest.Pytester, args: list[str], sleeps: bool
) -> None:
    tests = """
    async def test_sleeps():
        await anyio.sleep(0.001)

    async def test_fine():
        await anyio.lowlevel.checkpoint()
    """
    result = explore(pytester, tests, "--explore=all", *args)

    result.assert_outcomes(passed=2)
    asleep = (
        "1 of them slept, for as long in each order; with --explore-jitter=SECONDS, sleeps may be "
        "late"
    )
    assert lines_after_the_summary(result)[:2] == ["2 tests in all orders", asleep][: 1 + sleeps]


def test_a_failing_order_is_a_schedule_that_replays(pytester: pytest.Pytester) -> None:
    result = explore(pytester, RACE, "--explore=all")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("It replays with: @pytest.mark.explore(Schedule({(1, 1): *}))")


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        ("deviations='all'", "1 test in all orders"),
        ("deviations=1", "1 test in all orders with at most 1 deviation"),
        ("deviations=2, cancel=True", "1 test in all orders with at most 2 deviations"),
        (
            "deviations='all', orders=3",
            "*::test_fine: 3 orders passed, and there are more",
        ),
        (
            "deviations=1, orders=3",
            "*::test_fine: 3 schedules with at most 1 deviation passed, and there are more",
        ),
    ],
)
@pytest.mark.parametrize("option", ["explore=", "explore=7", "explore=all:3"])
def test_the_marker_says_how_many_deviations(
    pytester: pytest.Pytester, mark: str, said: str, option: str
) -> None:
    result = explore(pytester, f"    @pytest.mark.explore({mark}){FINE}", "-o", option)

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([f"  {said}"])


def test_a_marker_with_a_number_of_orders_draws_them(pytester: pytest.Pytester) -> None:
    result = explore(pytester, f"    @pytest.mark.explore(7){FINE}", "--explore=all")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines("explored: 1 test, 7 orders, *")
    assert not lines_after_the_summary(result)


@pytest.mark.parametrize("mark", ["deviations=-1", "deviations=True", "deviations='every'"])
def test_a_wrong_number_of_deviations_is_told_in_one_sentence(
    pytester: pytest.Pytester, mark: str
) -> None:
    result = explore(pytester, f"    @pytest.mark.explore({mark}){FINE}")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines("ERROR: *deviations (a whole number of at least 0, or 'all')*")


def test_under_xdist_the_main_process_tells(pytester: pytest.Pytester) -> None:
    result = explore(pytester, FINE + FINE.replace("fine", "more"), "--explore=all", "-n1")

    result.assert_outcomes(passed=2)
    assert "2 tests in all orders" in lines_after_the_summary(result)


# What else a run is told of.


def test_on_uvloop_a_test_runs_in_one_order_and_is_not_counted_as_explored(
    pytester: pytest.Pytester,
) -> None:
    pytest.importorskip("uvloop")
    head = EXPLORED_HEAD.replace("@pytest.fixture", "@pytest.mark.skip")
    pytester.makepyfile(head + RACE.replace("():", "(anyio_backend):"))
    result = pytester.runpytest("--explore=20", "--anyio-backends=asyncio+uvloop")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines("explored: 0 tests, 0 orders, 0 distinct")
    (line,) = lines_after_the_summary(result)
    assert line.startswith("1 test ran in one order: asyncio+uvloop has neither virtual time nor ")


def test_the_duration_of_a_test_is_that_of_all_its_orders(pytester: pytest.Pytester) -> None:
    tests = """
    import time

    async def test_slow():
        time.sleep(0.01)
        await in_turns("a", "b")
    """
    result = explore(pytester, tests, "--explore=20", "--durations=1", "-vv")

    result.assert_outcomes(passed=1)
    (line,) = [line for line in result.outlines if "s call " in line]
    assert float(line.partition("s call")[0]) >= 0.2


def test_a_test_of_hypothesis_plays_the_schedule_of_its_marker_in_each_example(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    from hypothesis import given, settings, strategies as st

    orders = []

    @pytest.mark.explore(Schedule({(1, 1): 'idle'}))
    @settings(database=None, max_examples=5, deadline=None)
    @given(st.integers())
    async def test_marked(n):
        orders.append(await in_turns("a", "b"))

    def test_which():
        assert set(orders) == {"bbaa"}
    """
    explore(pytester, tests, "-o", "explore=").assert_outcomes(passed=2)
