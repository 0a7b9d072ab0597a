"""What `--explore` says of options and markers without effect, and which orders it leaves out."""

import json
import sys

import pytest

from tests.testing.plugin.shared import EXPLORED_HEAD, FINE, RACE, explore, run_tests, summary
from tests.testing.plugin.test_explore_kept import CACHE

LATE = """
    async def test_late():
        done = []

        async def work():
            await anyio.sleep(1)
            done.append(1)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work)
            await anyio.sleep(2)
            assert done
"""
NOT_LATE = (
    "  1 test ran in real time, where a jitter does nothing; "
    "give --virtual-time, or mark them virtual_time"
)
NOTHING = ": the schedule in its marker did nothing; has the test changed?"
NEEDED = "from awaits.testing import Schedule"
ALSO_VIRTUAL = "In real time no step is late, so mark it virtual_time as well."


@pytest.mark.parametrize("by", ["option", "marker", "schedule"])
def test_a_jitter_in_real_time_is_said_to_do_nothing(pytester: pytest.Pytester, by: str) -> None:
    marker = {
        "option": "",
        "marker": "    @pytest.mark.explore(jitter=3)",
        "schedule": "    @pytest.mark.explore(Schedule({(1, 1): 1}, jitter=3))",
    }[by]
    args = ["--explore-jitter=3"] if by == "option" else []
    result = explore(pytester, marker + FINE, *args)
    result.assert_outcomes(passed=1)
    assert NOT_LATE in result.outlines

    virtual = explore(pytester, marker + FINE, *args, "--virtual-time")
    virtual.assert_outcomes(passed=1)
    assert NOT_LATE not in virtual.outlines


def test_an_order_with_a_jitter_replays_in_virtual_time_alone(pytester: pytest.Pytester) -> None:
    result = explore(pytester, LATE, "--virtual-time", "--explore-jitter=3")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["It replays with: @pytest.mark.explore(*jitter=3.0))", ALSO_VIRTUAL]
    )

    result = explore(pytester, RACE, "--virtual-time")
    result.assert_outcomes(failed=1)
    assert ALSO_VIRTUAL not in result.outlines


@pytest.mark.parametrize(
    ("schedule", "effect"),
    [
        ("Schedule({(9, 9): 1})", False),
        ("Schedule({(9, 9): 1}, jitter=1)", False),
        ("Schedule(cancel=(9, 9))", False),
        ("Schedule({(1, 1): 1})", True),
        ("Schedule(cancel=(1, 2))", True),
        ("Schedule(cancel=1)", True),
    ],
)
def test_a_schedule_of_a_marker_that_does_nothing_is_told(
    pytester: pytest.Pytester, schedule: str, effect: bool
) -> None:
    marker = f"    @pytest.mark.virtual_time\n    @pytest.mark.explore({schedule})"
    result = explore(pytester, marker + FINE)
    result.assert_outcomes(passed=1)
    told = "  test_a_schedule_of_a_marker_that_does_nothing_is_told.py::test_fine" + NOTHING
    assert (told in result.outlines) is not effect


def test_one_that_does_something_for_any_parameters_is_not(pytester: pytest.Pytester) -> None:
    tests = """
    @pytest.mark.explore(Schedule({(2, 1): 1}))
    @pytest.mark.parametrize("names", ["a", "ab"])
    async def test_it(names):
        await in_turns(*names)
    """
    result = explore(pytester, tests)
    result.assert_outcomes(passed=2)
    result.stdout.no_fnmatch_line("*did nothing*")


def test_one_of_the_command_line_is_not(pytester: pytest.Pytester) -> None:
    result = explore(pytester, FINE, "--explore=Schedule({(9, 9): 1})")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*did nothing*")


def test_the_last_failure_is_tried_only_where_it_is_asked_for_and_kept(
    pytester: pytest.Pytester,
) -> None:
    late = ["--virtual-time", "--explore-jitter=3"]
    explore(pytester, LATE, *late).assert_outcomes(failed=1)
    kept = (pytester.path / CACHE).read_text()

    explore(pytester, LATE, "--virtual-time").assert_outcomes(passed=1)
    assert (pytester.path / CACHE).read_text() == kept

    again = explore(pytester, LATE, *late)
    again.assert_outcomes(failed=1)
    assert summary(again) == "explored: 1 test, 1 order, 1 distinct"


def test_a_cancellation_that_failed_is_tried_only_where_tasks_are_cancelled(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    async def test_it():
        assert len(await in_turns("a", "b")) == 4
    """
    marked = "    @pytest.mark.explore(cancel=True)" + tests
    explore(pytester, marked).assert_outcomes(failed=1)
    explore(pytester, tests).assert_outcomes(passed=1)
    assert "cancel" in json.loads((pytester.path / CACHE).read_text()).popitem()[1]
    assert summary(explore(pytester, marked)) == "explored: 1 test, 1 order, 1 distinct"


def test_another_seed_draws_other_orders_and_the_same_seed_the_same(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    async def test_it():
        with open("orders.txt", "a") as file:
            print(await in_turns("a", "b", "c"), file=file)
    """

    def orders(*args: str) -> str:
        path = pytester.path / "orders.txt"
        path.unlink(missing_ok=True)
        explore(pytester, tests, "--explore=200", *args).assert_outcomes(passed=1)
        return path.read_text()

    one, other = orders("--explore-seed=1"), orders("--explore-seed=2")
    assert one == orders("--explore-seed=1")
    assert len({one, other, orders()}) == 3
    assert orders("--explore-seed=\udcff")  # a byte of another encoding


def test_who_waits_for_a_task_that_is_cancelled_may_get_its_cancellation(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    import asyncio
    pytestmark = [pytest.mark.anyio, pytest.mark.explore(cancel=True)]

    async def work():
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def test_task():
        await asyncio.create_task(work())

    async def test_gather():
        await asyncio.gather(work(), work())

    async def test_group():
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(work())
        task.result()

    class Cache:
        task = None

        async def get(self):
            if self.task is None:
                self.task = asyncio.create_task(work())
            await self.task

    async def test_shared_by_two_of_which_one_is_cancelled():
        cache = Cache()
        first = asyncio.create_task(cache.get())
        await asyncio.sleep(0)
        await cache.get()
    """
    result = explore(pytester, tests)
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines("*_ test_shared_by_two_of_which_one_is_cancelled _*")


def test_a_task_in_which_a_library_runs_something_for_a_thread_is_not_cancelled_alone(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    import asyncio
    from anyio import from_thread, to_thread
    pytestmark = [pytest.mark.anyio, pytest.mark.explore(cancel=True)]

    async def double(number):
        await anyio.sleep(0.01)
        return 2 * number

    async def test_from_thread():
        assert await to_thread.run_sync(from_thread.run, double, 5) == 10

    async def test_portal():
        async with from_thread.BlockingPortal() as portal:
            assert await to_thread.run_sync(portal.call, double, 5) == 10

    @pytest.mark.parametrize("anyio_backend", ["asyncio"])
    async def test_threadsafe(anyio_backend):
        loop = asyncio.get_running_loop()

        def ask():
            return asyncio.run_coroutine_threadsafe(double(5), loop).result()

        assert await asyncio.to_thread(ask) == 10

    async def test_of_the_user():
        numbers = []

        async def doubles():
            numbers.append(await double(5))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(doubles)
        assert numbers == [10]
    """
    result = run_tests(pytester, tests, "--explore=20", "--virtual-time")
    result.assert_outcomes(passed=5, failed=2)
    result.stdout.fnmatch_lines_random(
        [f"*_ test_of_the_user[[]{name}[]] _*" for name in ("asyncio", "trio")]
    )


@pytest.mark.parametrize("option", ["--setup-plan", "--setup-only"])
def test_nothing_is_explored_where_no_test_runs(pytester: pytest.Pytester, option: str) -> None:
    result = explore(pytester, RACE, option)
    result.stdout.fnmatch_lines("*::test_race (fixtures used: *")
    assert "explored:" not in result.stdout.str()


def test_what_the_pasted_marker_needs_is_said_once_where_it_is_not_there(
    pytester: pytest.Pytester,
) -> None:
    line = f"  a marker that replays needs: {NEEDED}"
    tests = RACE + RACE.replace("race", "again")
    assert line not in explore(pytester, tests).outlines

    pytester.makepyfile(EXPLORED_HEAD.replace(f"    {NEEDED}\n", "") + tests)
    result = pytester.runpytest("--explore=20", "--explore-known=known.txt", "-n1")
    result.assert_outcomes(failed=2)
    assert result.outlines.count(line) == 1

    result = pytester.runpytest("--explore=20", "--explore-known=known.txt")
    result.assert_outcomes(xfailed=2)
    assert line not in result.outlines


def test_a_marker_replays_the_text_of_a_schedule(pytester: pytest.Pytester) -> None:
    marker = "    @pytest.mark.explore(\"Schedule({(1, 1): 'idle'})\")"
    pytester.makepyfile(EXPLORED_HEAD.replace(f"    {NEEDED}\n", "") + marker + RACE)
    result = pytester.runpytest("-n1")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("It replays with: @pytest.mark.explore(Schedule(*")


@pytest.mark.parametrize(
    ("orders", "is_told"),
    [
        ("Schedule({(1, 1): 'idle'})", True),
        ("Schedule({(1, 2): 'idle'})", False),
        ("Schedule({(1, 1): 'idle', (2, 2): 1})", False),
        ("Schedule({(1, 1): 'idle'}, cancel=(2, 2))", False),
        ("Schedule({(1, 1): 'idle'}, jitter=1)", False),
        ("Schedule(lambda task, step: 9 * (task == step == 1))", False),
    ],
)
def test_where_tasks_only_begin_late_the_report_says_what_the_order_stands_for(
    pytester: pytest.Pytester, orders: str, *, is_told: bool
) -> None:
    tests = f"""
    pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

    @pytest.mark.explore({orders})
    async def test_it():
        assert await in_turns("a", "b") == "abab"

    @pytest.mark.explore({orders})
    async def test_that_fails_anyway():
        assert await in_turns("a", "b") == "never"
    """
    printed = explore(pytester, tests)

    printed.assert_outcomes(failed=2)
    assert printed.stdout.str().count("Only tasks that had not begun were late. ") == is_told
    printed.stdout.no_fnmatch_line("*tests fail only in orders*")


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Eager tasks came with Python 3.12.")
def test_an_eager_task_that_is_late_has_begun(pytester: pytest.Pytester) -> None:
    tests = """
    import asyncio
    pytestmark = pytest.mark.virtual_time

    @pytest.mark.asyncio
    @pytest.mark.explore(Schedule({(1, 1): "idle"}))
    async def test_it():
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        log = []

        async def work(name):
            await asyncio.sleep(0)
            log.append(name)

        await asyncio.gather(work("a"), work("b"))
        assert log == ["a", "b"]
    """
    result = explore(pytester, tests, "-o", "explore=")
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*had not begun*")


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Eager tasks came with Python 3.12.")
@pytest.mark.parametrize("place", ["in a fixture", "in the test"])
@pytest.mark.parametrize("mark", ["cancel=True", "cancel=True, deviations=1"])
def test_eager_tasks_are_never_cancelled_natively(
    pytester: pytest.Pytester, place: str, mark: str
) -> None:
    tests = f"""
    import asyncio

    async def work():
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    def become_eager(place):
        if place == "{place}":
            asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)

    @pytest.fixture(scope="module")
    async def eager(anyio_backend):
        become_eager("in a fixture")

    @pytest.mark.explore({mark})
    async def test_it(eager):
        become_eager("in the test")
        await asyncio.wait([asyncio.create_task(work()) for _ in range(3)])
    """
    result = explore(pytester, tests, "--virtual-time")
    result.assert_outcomes(passed=1)


def test_how_many_tests_fail_only_where_tasks_begin_late_is_said(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    @pytest.mark.parametrize("n", range(3))
    async def test_it(n):
        assert await in_turns("a", "b") == "abab"
    """
    printed = explore(pytester, tests, "--explore=Schedule({(1, 1): 'idle'})")

    printed.assert_outcomes(failed=3)
    printed.stdout.fnmatch_lines("*3 tests fail only in orders in which tasks begin late: *")


def test_a_test_that_shows_warnings_in_its_own_way_gets_them_each_time(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    import warnings
    from unittest import mock

    async def test_it():
        await in_turns("a", "b")
        with mock.patch("warnings.showwarning") as show:
            warnings.warn("old", UserWarning)
        assert show.call_count == 1
    """
    result = explore(pytester, tests, "--explore=5", "-W", "always")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines("explored: 1 test, 5 orders, * distinct")
