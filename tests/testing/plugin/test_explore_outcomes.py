"""`pytest --explore`: tests that are marked xfail, that skip, and that do not repeat themselves."""

import pytest

from tests.testing.plugin.shared import RACE, explore

XFAIL = '@pytest.mark.xfail(strict={strict}, reason="a known race")'


@pytest.mark.parametrize("arguments", ["", "tmp_path"], ids=["one loop", "a loop each"])
@pytest.mark.parametrize("strict", [True, False])
def test_who_is_expected_to_fail_may_do_so_in_one_order_alone(
    pytester: pytest.Pytester, arguments: str, *, strict: bool
) -> None:
    race = RACE.replace("()", f"({arguments})")
    result = explore(pytester, f"\n    {XFAIL.format(strict=strict)}{race}", "-rx")

    result.assert_outcomes(xfailed=1)
    result.stdout.fnmatch_lines(["explored: 1 test, *", "XFAIL *::test_race* - a known race"])


@pytest.mark.parametrize(("strict", "outcomes"), [(True, {"failed": 1}), (False, {"xpassed": 1})])
def test_who_is_expected_to_fail_and_does_so_in_no_order_passes_unexpectedly(
    pytester: pytest.Pytester, outcomes: dict[str, int], *, strict: bool
) -> None:
    tests = f"""
    {XFAIL.format(strict=strict)}
    async def test_fine():
        await in_turns("a", "b")
    """
    result = explore(pytester, tests)

    result.assert_outcomes(**outcomes)
    result.stdout.fnmatch_lines(["explored: 1 test, 20 orders, *"])


@pytest.mark.parametrize("arguments", ["", "tmp_path"], ids=["one loop", "a loop each"])
@pytest.mark.parametrize(
    "skip", ['pytest.skip("b")', 'pytest.xfail("b")', 'raise unittest.SkipTest("b")']
)
def test_who_skips_in_one_order_runs_in_the_next(
    pytester: pytest.Pytester, arguments: str, skip: str
) -> None:
    tests = f"""
    import unittest

    async def test_race({arguments}):
        order = await in_turns("a", "b")
        if order == "bbaa":
            {skip}
        assert order != "baba"
    """
    result = explore(pytester, tests)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("It replays with: @pytest.mark.explore(Schedule({*")


def test_who_skips_in_each_order_but_the_first_has_been_tried_in_all(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    async def test_skips():
        if await in_turns("a", "b") != "abab":
            pytest.skip("another order")
    """
    result = explore(pytester, tests)

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines("explored: 1 test, 20 orders, *")


def test_a_race_that_trios_own_random_order_meets_too_is_no_test_that_cannot_run_twice(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    @pytest.mark.parametrize("anyio_backend", ["trio"])
    @pytest.mark.parametrize("n", range(30))
    async def test_order(n, anyio_backend):
        assert await in_turns("a", "b") == "abab"
    """
    result = explore(pytester, tests, "--tb=no", "-q")

    result.assert_outcomes(failed=30)
    result.stdout.no_fnmatch_line("*is not explored*")


def test_a_test_on_trio_that_fails_the_second_time_anyway_is_named(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    seen = []

    @pytest.mark.parametrize("anyio_backend", ["trio"])
    async def test_leaves_something(anyio_backend):
        seen.append(await in_turns("a", "b"))
        assert len(seen) == 1
    """
    result = explore(pytester, tests)

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines("  *::test_leaves_something* is not explored: *")


def test_cancelling_alone_draws_no_order_for_hypothesis(pytester: pytest.Pytester) -> None:
    tests = """
    from hypothesis import given, strategies as st

    @given(st.integers())
    async def test_race(n):
        assert await in_turns("a", "b") == "abab"
    """
    result = explore(pytester, tests, "-o", "explore=", "--explore-cancel")

    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("arguments", ["", "tmp_path"], ids=["one loop", "a loop each"])
def test_a_failure_that_does_not_come_again_is_reported(
    pytester: pytest.Pytester, arguments: str
) -> None:
    tests = f"""
    n_runs = 0

    async def test_once({arguments}):
        global n_runs
        n_runs += 1
        await in_turns("a", "b")
        assert n_runs != 7, "once"
    """
    result = explore(pytester, tests)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["E *AssertionError: once", "It failed like this once, and passed when *"]
    )


def test_a_test_that_needs_its_setup_before_each_run_has_it_for_each_order(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeconftest("""
        kept = []

        def pytest_runtest_setup():
            kept.clear()
    """)
    tests = """
    from conftest import kept

    async def test_kept():
        kept.append(await in_turns("a", "b"))
        assert len(kept) < 3
    """
    result = explore(pytester, tests)

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines("explored: 1 test, 20 orders, *")


def test_what_pytest_notices_after_the_body_is_found_in_whichever_order_it_was(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    async def forgotten():
        pass

    async def test_forgets():
        if await in_turns("a", "b") == "bbaa":
            forgotten()
    """
    result = explore(pytester, tests, "-W", "error")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("It replays with: @pytest.mark.explore(Schedule({*")


def test_a_race_that_trios_own_order_meets_at_once_has_a_schedule_and_may_be_known(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    @pytest.mark.parametrize("anyio_backend", ["trio"])
    @pytest.mark.parametrize("n", range(6))
    async def test_order(n, anyio_backend):
        assert await in_turns("a", "b") == "abab"
    """
    first = explore(pytester, tests, "--explore-known=known.txt")
    first.assert_outcomes(failed=6)
    assert first.stdout.str().count("It replays with: ") == 6
    explore(pytester, tests, "--explore-known=known.txt").assert_outcomes(xfailed=6)


def test_a_flaky_test_has_no_order_that_replays(pytester: pytest.Pytester) -> None:
    tests = """
    n_runs = 0

    async def test_flaky():
        global n_runs
        n_runs += 1
        assert n_runs in (1, 4)  # when it runs first, and when it is asked whether it passes again
        await in_turns("a", "b")
    """
    result = explore(pytester, tests)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("It has passed and failed in the event loop's own order: *")
    result.stdout.no_fnmatch_line("It replays*")


@pytest.mark.parametrize("scope", ["function", "module"])
def test_the_cancellation_of_another_task_is_a_failure_like_any_other(
    pytester: pytest.Pytester, scope: str
) -> None:
    # While anyio keeps an event loop for fixtures, the first such error ends it.
    tests = f"""
    import asyncio

    @pytest.fixture(scope="{scope}")
    def anyio_backend():
        return "asyncio"

    @pytest.fixture(scope="{scope}")
    async def wide(anyio_backend):
        yield

    async def test_it(wide):
        task = asyncio.create_task(asyncio.sleep(0))
        for _ in range(4):
            await asyncio.sleep(0)
        task.cancel()
        await task

    async def test_next(wide):
        await asyncio.sleep(0)
    """
    result = explore(pytester, tests)

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["*asyncio.exceptions.CancelledError", "It replays with: *", "explored: 2 tests, *"]
    )


def test_what_the_runs_leave_that_make_an_order_small_is_gone_before_the_next_test(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    import weakref
    opened = weakref.WeakSet()

    class Connection:
        def __init__(self):
            self.itself = self
            opened.add(self)

    n_opened = 0

    async def test_race():
        global n_opened
        n_opened += 1
        connection = Connection()
        order = await in_turns("a", "b", "c", "d")
        assert order.index("a") < order.index("b") or order.index("c") < order.index("d")

    def test_next():
        assert len(opened) < 10 < 15 < n_opened
    """
    explore(pytester, tests).assert_outcomes(passed=1, failed=1)


def test_no_order_keeps_a_task_that_has_ended(pytester: pytest.Pytester) -> None:
    tests = """
    import asyncio, gc, weakref

    async def test_task_is_gone():
        async def some_steps():
            for _ in range(3):
                await asyncio.sleep(0)

        others = [asyncio.create_task(some_steps()) for _ in range(3)]
        task = asyncio.create_task(asyncio.sleep(0))
        reference = weakref.ref(task)
        while not task.done():
            await asyncio.sleep(0)
        del task
        for _ in range(5):
            gc.collect()
            await asyncio.sleep(0)
            if reference() is None:
                break
        assert reference() is None
        await asyncio.gather(*others)
    """
    explore(pytester, tests, "--explore=100").assert_outcomes(passed=1)


def test_an_order_of_a_test_that_always_fails_is_shown_and_said_to_be_one_of_all(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    @pytest.mark.explore(Schedule({(1, 1): 1}))
    async def test_it():
        assert await in_turns("a", "b") == "never"
    """
    result = explore(pytester, tests)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "It replays with: @pytest.mark.explore(Schedule({(1, 1): 1}))",
            "It fails in the event loop's own order, too.",
        ]
    )
    result.stdout.no_fnmatch_line("*is not explored*")


def test_a_warning_is_shown_once_and_one_that_comes_in_another_order_as_well(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    import warnings

    async def test_it():
        for n in range(3):
            warnings.warn(f"number {n}", UserWarning)
        if await in_turns("a", "b") == "bbaa":
            warnings.warn("another order", UserWarning)
    """
    result = explore(pytester, tests, "-W", "always")

    result.assert_outcomes(passed=1, warnings=4)
    result.stdout.fnmatch_lines("*UserWarning: another order")


def test_a_test_gets_each_time_the_warnings_that_it_records(pytester: pytest.Pytester) -> None:
    tests = """
    import warnings

    def old():
        warnings.warn("old", DeprecationWarning)

    async def test_it():
        await in_turns("a", "b")
        with pytest.warns(DeprecationWarning):
            old()

    async def test_by_hand():
        await in_turns("a", "b")
        with warnings.catch_warnings(record=True) as recorded:
            warnings.simplefilter("always")
            old()
        assert len(recorded) == 1
    """
    result = explore(pytester, tests, "--explore=5")

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines("explored: 2 tests, 10 orders, * distinct")
    result.stdout.no_fnmatch_line("*is not explored*")


def test_a_failure_in_a_task_group_leaves_its_event_loop_to_later_tests(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    @pytest.fixture(scope="module", autouse=True)
    async def loop(anyio_backend):
        yield

    async def test_it():
        async with anyio.create_task_group():
            if await in_turns("a", "b") != "abab":
                pytest.fail("in another order")

    async def test_that():
        await anyio.sleep(0)
    """
    result = explore(pytester, tests, "--explore=5")

    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines("*Failed: in another order")


def test_the_schedule_of_a_marker_explains_itself_where_it_is_opened_by_hand(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    order = Schedule({(1, 2): 1})

    @pytest.mark.explore(order)
    async def test_in_it():
        assert await in_turns("a", "b") == "never"

    async def test_by_hand():
        with pytest.raises(ValueError) as raised, order:
            await in_turns("a", "b")
            raise ValueError
        assert "What Schedule({(1, 2): 1}) did:" in raised.value.__notes__[0]
    """
    explore(pytester, tests).assert_outcomes(failed=1, passed=1)
