"""`pytest --explore`: what is run how often, and what is reported."""

import pytest

from tests.testing.plugin.shared import EXPLORED_HEAD, FINE, RACE, explore, names


def summary(result: pytest.RunResult) -> str:
    """The line that says what was explored."""
    return next(line for line in result.outlines if line.startswith("explored: "))


@pytest.mark.parametrize("arguments", ["", "tmp_path"], ids=["one loop", "a loop each"])
def test_a_test_that_some_order_breaks_fails_and_says_how_to_replay_it(
    pytester: pytest.Pytester, arguments: str
) -> None:
    result = explore(pytester, RACE.replace("()", f"({arguments})") + FINE)

    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(
        [
            "E*AssertionError: assert 'bbaa' != 'bbaa'",
            "*- the order of its tasks -*",
            "What Schedule({(1, 1): 'idle'}) did:",
            "  delayed before step 1: task 1, *",
            "It replays with: @pytest.mark.explore(Schedule({(1, 1): 'idle'}))",
            "explored: 2 tests, 22 orders, * distinct",
        ]
    )


def test_the_line_of_a_failure_replays_it(pytester: pytest.Pytester) -> None:
    line = "@pytest.mark.explore(Schedule({(1, 1): 'idle'}))"
    assert any(it.endswith(line) for it in explore(pytester, RACE).outlines)

    marked = RACE.replace("async def", f"{line}\n    async def")
    result = explore(pytester, marked, "-o", "explore=")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(f"It replays with: {line}")
    assert summary(result) == "explored: 1 test, 1 order, 1 distinct"


def test_fixtures_of_function_scope_are_set_up_for_each_order_and_wider_ones_once(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    opened = {"function": 0, "module": 0}

    @pytest.fixture
    async def narrow():
        opened["function"] += 1
        yield
        await anyio.lowlevel.checkpoint()

    @pytest.fixture(scope="module")
    async def wide():
        opened["module"] += 1
        yield

    async def test_explored(wide, narrow):
        await in_turns("a", "b")

    def test_how_often():
        assert opened == {"function": 21, "module": 1}
    """
    explore(pytester, tests).assert_outcomes(passed=2)


@pytest.mark.parametrize("arguments", ["number", "number, wide", "number, tmp_path"])
def test_a_body_runs_once_as_always_and_then_in_each_order(
    pytester: pytest.Pytester, arguments: str
) -> None:
    tests = f"""
    runs = []

    @pytest.fixture(scope="module")
    def wide():
        return "wide"

    @pytest.mark.parametrize("number", [7])
    async def test_explored({arguments}):
        runs.append(await in_turns("a", "b"))

    def test_how_often():
        assert len(runs) == 21
        assert runs[:2] == ["abab", "abab"]
        assert len(set(runs)) > 3
    """
    explore(pytester, tests).assert_outcomes(passed=2)


def test_a_fixture_that_is_asked_for_by_name_is_set_up_for_each_order(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    paths = set()

    async def test_explored(request):
        paths.add(request.getfixturevalue("tmp_path"))
        await in_turns("a", "b")

    def test_how_often():
        assert len(paths) == 21
    """
    explore(pytester, tests).assert_outcomes(passed=2)


def test_a_class_has_an_object_for_each_order(pytester: pytest.Pytester) -> None:
    tests = """
    class TestClass:
        async def test_method(self):
            assert vars(self) == {}
            self.order = await in_turns("a", "b")
            assert self.order != "bbaa"
    """
    result = explore(pytester, tests)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("E*AssertionError: assert 'bbaa' != 'bbaa'")


def test_each_parameter_is_explored_by_itself(pytester: pytest.Pytester) -> None:
    tests = """
    @pytest.mark.parametrize("wrong", ["bbaa", "aabb", "none"])
    async def test_race(wrong):
        assert await in_turns("a", "b") != wrong
    """
    result = explore(pytester, tests, "-v")

    assert names(result) == ["test_race[none]"]
    assert set(names(result, "FAILED")) == {"test_race[bbaa]", "test_race[aabb]"}
    assert summary(result).startswith("explored: 3 tests, ")


def test_a_test_whose_tasks_have_one_order_runs_in_it_once(pytester: pytest.Pytester) -> None:
    tests = """
    async def test_alone():
        await anyio.lowlevel.checkpoint()
    """
    assert summary(explore(pytester, tests)) == "explored: 1 test, 1 order, 1 distinct"


def test_what_fails_or_is_skipped_anyway_is_reported_as_always(pytester: pytest.Pytester) -> None:
    tests = """
    runs = []

    async def test_wrong():
        runs.append("wrong")
        print("once")
        assert False

    async def test_skipped():
        runs.append("skipped")
        pytest.skip("not today")

    @pytest.mark.xfail
    async def test_expected():
        runs.append("expected")
        assert False

    @pytest.fixture
    def broken():
        raise OSError("no disk")

    async def test_without_its_fixture(broken): pass

    def test_how_often():
        assert runs == ["wrong", "skipped", "expected"]
    """
    result = explore(pytester, tests)

    result.assert_outcomes(failed=1, skipped=1, xfailed=1, errors=1, passed=1)
    assert result.outlines.count("once") == 1
    assert "replays" not in result.stdout.str()
    assert summary(result) == "explored: 0 tests, 0 orders, 0 distinct"


def test_a_test_that_fails_the_second_time_anyway_is_named_and_does_not_fail(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    seen = []

    async def test_leaves_something():
        seen.append(await in_turns("a", "b"))
        assert len(seen) == 1
    """
    result = explore(pytester, tests)

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "  *::test_leaves_something is not explored: it fails when it runs a second time, *",
            "    AssertionError: assert * == 1 *",
        ],
        consecutive=True,
    )


def test_one_that_fails_at_first_says_that_others_ran_again_before_it(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    seen = []

    async def test_leaves_something():
        seen.append(await in_turns("a", "b"))
        assert len(seen) == 1

    async def test_comes_after_it():
        assert len(seen) == 1
    """
    result = explore(pytester, tests)

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*- tests that ran again -*",
            "*::test_leaves_something, which cannot run twice, ran again before this one: *",
        ]
    )


def test_what_an_order_alone_does_not_repeat_is_told_as_it_was_seen(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    runs = []

    async def test_odd():
        runs.append(await in_turns("a", "b"))
        assert len(runs) != 5
    """
    result = explore(pytester, tests.replace("test_odd()", "test_odd(tmp_path)"))

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("It failed like this once, and passed when the same order was *")


def test_what_fails_only_because_of_the_runs_before_it_is_no_failure(
    pytester: pytest.Pytester,
) -> None:
    # Without fixtures of its own, the test's body runs again and again in one event loop.
    tests = """
    import asyncio, collections
    runs = collections.Counter()

    async def test_odd():
        await in_turns("a", "b")
        loop = asyncio.get_running_loop()
        runs[loop] += 1
        assert runs[loop] < 5
    """
    explore(pytester, tests).assert_outcomes(passed=1)


def test_the_output_and_properties_of_a_failure_are_those_of_one_run(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    async def test_race(record_property):
        record_property("key", "value")
        print("said once")
        assert await in_turns("a", "b") != "bbaa"
    """
    result = explore(pytester, tests, "--junitxml=report.xml", "-o", "junit_family=xunit1")

    assert result.outlines.count("said once") == 1
    report = (pytester.path / "report.xml").read_text()
    assert report.count('name="key"') == 1
    assert report.count("<testcase ") == 1


def test_a_wider_fixture_that_cannot_be_torn_down_is_reported_once(
    pytester: pytest.Pytester,
) -> None:
    tests = f"""
    @pytest.fixture(scope="module", autouse=True)
    async def wide():
        yield
        raise OSError("it does not close")
    {FINE}
    """
    result = explore(pytester, tests, "--junitxml=report.xml")

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines("E*OSError: it does not close")
    assert (pytester.path / "report.xml").read_text().count("<testcase ") == 1


def test_a_fixture_that_fails_in_an_order_fails_the_test(pytester: pytest.Pytester) -> None:
    tests = """
    orders = []

    @pytest.fixture
    async def watch():
        yield
        assert orders.pop() != "bbaa"

    async def test_watched(watch):
        orders.append(await in_turns("a", "b"))
    """
    result = explore(pytester, tests)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines("It replays with: @pytest.mark.explore(Schedule(*))")


def test_sync_tests_and_those_of_unittest_are_left_alone(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import asyncio, unittest

        runs = []

        def test_sync():
            runs.append(1)

        class TestCase(unittest.IsolatedAsyncioTestCase):
            async def test_by_unittest(self):
                runs.append(2)
                await asyncio.gather(asyncio.sleep(0), asyncio.sleep(0))

        def test_how_often():
            assert runs == [1, 2]
        """
    )
    result = pytester.runpytest("--explore=10")

    result.assert_outcomes(passed=3)
    assert summary(result) == "explored: 0 tests, 0 orders, 0 distinct"


def test_collecting_alone_leaves_no_file(pytester: pytest.Pytester) -> None:
    explore(pytester, RACE, "--collect-only", "--explore=10", "--explore-known=known.txt")
    assert not (pytester.path / "known.txt").exists()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_test_that_steers_its_tasks_itself_is_left_to_itself(
    pytester: pytest.Pytester, backend: str
) -> None:
    tests = """
    from awaits.testing import schedules
    from hypothesis import given, settings

    @pytest.fixture
    async def before():
        await anyio.lowlevel.checkpoint()

    async def steered():
        await in_turns("a", "b")
        with Schedule({(1, 1): 99}):
            assert await in_turns("a", "b") == "bbaa"
        with Schedule():
            assert await in_turns("a", "b") == "abab"
        await in_turns("a", "b")

    async def test_in_one_loop():
        await steered()

    async def test_in_a_loop_each(before):
        await steered()

    @pytest.mark.explore(Schedule({(1, 1): 2}))
    async def test_in_one_order():
        await steered()

    @settings(database=None, deadline=None, max_examples=10)
    @given(schedule=schedules())
    async def test_of_hypothesis(schedule):
        await steered()
        with schedule:
            await in_turns("a", "b")
    """
    pytester.makepyfile(EXPLORED_HEAD.replace("asyncio", backend) + tests)
    pytester.runpytest("--explore=20").assert_outcomes(passed=4)


def test_an_example_that_is_given_in_full_runs_in_the_loops_own_order(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    from hypothesis import example, given, strategies as st

    @example(3)
    @given(st.integers(0, 9))
    async def test_drawn(number): await anyio.sleep(0)
    """
    explore(pytester, tests).assert_outcomes(passed=1)
