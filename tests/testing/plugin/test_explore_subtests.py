"""The fixture `subtests` in a test that runs in many orders: it is reported once, and replays."""

import pytest

from tests.testing.plugin.shared import explore

# Not in the oldest pytest that the kit runs with.
pytestmark = pytest.mark.skipif(pytest.version_tuple < (9, 0), reason="this pytest has no subtests")

RACE = """
    async def test_race(subtests):
        count = 0

        async def add(n_steps):
            nonlocal count
            for _ in range(n_steps):
                await anyio.lowlevel.checkpoint()
            before = count
            await anyio.lowlevel.checkpoint()
            count = before + 1

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(add, 0)
            tasks.start_soon(add, 3)
        for name in ("one", "two"):
            with subtests.test("the sum", name=name):
                assert count == 2
"""


def test_one_that_fails_in_an_order_fails_the_test_which_is_told_and_replays(
    pytester: pytest.Pytester,
) -> None:
    result = explore(pytester, RACE)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E * assert 1 == 2",
            "E * It failed in the subtest the sum, name='one'.",
            "It replays with: @pytest.mark.explore(Schedule({*",
        ]
    )
    result.stdout.no_fnmatch_line("*SUBFAILED*")


ASKED_FOR = {
    "a fixture": """
    @pytest.fixture
    def mine(subtests):
        return subtests
    """,
    "the request": """
    @pytest.fixture
    def mine(request):
        return request.getfixturevalue("subtests")
    """,
}


@pytest.mark.parametrize("by", ASKED_FOR)
def test_so_does_one_of_the_fixture_that_another_has_asked_for(
    pytester: pytest.Pytester, by: str
) -> None:
    fine = """
    async def test_fine(mine):
        await in_turns("a", "b")
        with mine.test("one"):
            pass
    """
    race = RACE.replace("subtests", "mine")
    result = explore(pytester, ASKED_FOR[by] + race + fine, "-o", "verbosity_subtests=1")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "E * It failed in the subtest the sum, name='one'.",
            "It replays with: @pytest.mark.explore(Schedule({*",
            "* 3 subtests passed*",
        ]
    )
    result.stdout.no_fnmatch_line("*SUBFAILED*")


def test_one_that_passes_is_counted_once(pytester: pytest.Pytester) -> None:
    tests = """
    async def test_fine(subtests):
        for name in ("one", "two"):
            with subtests.test(name):
                await in_turns("a", "b")
        with subtests.test("skips"):
            pytest.skip("not here")
    """
    result = explore(pytester, tests, "-o", "verbosity_subtests=1")

    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["explored: 1 test, 20 orders, *", "* 2 subtests passed*"])


def test_a_test_in_which_one_fails_at_first_is_not_explored(pytester: pytest.Pytester) -> None:
    tests = """
    async def test_fails(subtests):
        with subtests.test("one"):
            assert await in_turns("a", "b") == "never"
    """
    result = explore(pytester, tests)

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["explored: 0 tests, 0 orders, 0 distinct", "SUBFAILED*"])
    assert str(result.stdout).count("_ test_fails [one]") == 1


def test_a_cancelled_test_fails_no_subtest(pytester: pytest.Pytester) -> None:
    tests = """
    async def test_fine(subtests):
        for name in ("one", "two"):
            with subtests.test(name):
                await anyio.sleep(1)
    """
    result = explore(pytester, tests, "--explore-cancel", "--virtual-time")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines("cancelled: 1 test, at 2 awaits in all")


def test_a_fixture_of_the_users_own_with_this_name_is_left_alone(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    @pytest.fixture
    def subtests():
        return [1, 2]

    async def test_it(subtests):
        for name in subtests:
            await in_turns("a", "b")
    """
    explore(pytester, tests, "--anyio-backends=asyncio").assert_outcomes(passed=1)
