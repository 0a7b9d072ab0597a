"""A test in virtual time that fails and asks the computer's own clocks: its report says so."""

import time

import pytest

from awaits.testing.plugin.clocks import hint
from tests.testing.plugin.shared import HEAD

TITLE = "-* virtual time -*"
MOVED = "Time moved to 6 s, but not on the computer's own clocks:"
WALL = "--virtual-time-wall, or @pytest.mark.virtual_time(wall=True), moves the wall clock along."
STEADY = "anyio.current_time() measures virtual time; or mark the test real_time."

CACHE = """
import anyio
import datetime
import functools
import time

class Base:
    def now(self):
        return time.time()

class Cache(Base):
    def __init__(self):
        self.until = self.now() + 5

    def is_old(self):
        return self.now() > self.until

class Item:
    def __init__(self):
        self.made = datetime.datetime.now()

    def age(self):
        return (datetime.datetime.now() - self.made).total_seconds()

async def measured(function):
    began = time.perf_counter()
    await function()
    return time.perf_counter() - began

class Members:
    @property
    def by_property(self):
        return time.time()

    @functools.cached_property
    def by_cached_property(self):
        return time.time()

    @staticmethod
    def by_static_method():
        return time.time()

    @classmethod
    def by_class_method(cls):
        return time.time()

class Limit:
    def __init__(self, now=time.time):
        self.now = now
        self.until = now() + 5

    def is_over(self):
        return self.now() > self.until

async def lasts(seconds, now=time.monotonic):
    began = now()
    await anyio.sleep(seconds)
    assert now() - began > seconds

class Job:
    time = 0

    def ran_at(self):
        time.sleep(0)
        return self.time
"""

FAILING = {
    "in a class that is named": (
        """
    async def test_it():
        item = Item()
        await anyio.sleep(6)
        assert item.age() > 5
""",
        ["  Item.age, cache.py:*, reads datetime.now()", WALL],
    ),
    "in a base class of what a fixture made": (
        """
    import cache as module

    @pytest.fixture
    def cache():
        return module.Cache()

    async def test_it(cache):
        await anyio.sleep(6)
        assert cache.is_old()
""",
        ["  Base.now, cache.py:*, reads time.time()", WALL],
    ),
    "in a function that is called, and the test's own": (
        """
    from time import monotonic

    async def test_it():
        began = monotonic()
        async def waits():
            await anyio.sleep(6)
        assert await measured(waits) > 5, monotonic() - began
""",
        [
            "  test_it, test_*.py:*, reads time.monotonic()",
            "  measured, cache.py:*, reads time.perf_counter()",
            STEADY,
        ],
    ),
    "in all kinds of members": (
        """
    async def test_it():
        it = Members()
        await anyio.sleep(6)
        assert not it
""",
        [
            f"  Members.by_{kind}, cache.py:*, reads time.time()"
            for kind in ("property", "cached_property", "static_method", "class_method")
        ],
    ),
    "in a function inside of the test": (
        """
    async def test_it():
        def now():
            return time.time_ns()
        began = now()
        await anyio.sleep(6)
        assert now() - began > 5e9
""",
        ["  test_it.<locals>.now, test_*.py:*, reads time.time_ns()", WALL],
    ),
}

HANDED = {
    "by default": (
        """
    async def test_it():
        limit = Limit()
        await anyio.sleep(6)
        assert limit.is_over()
""",
        ["  limit.now, in test_it, test_*.py:*, is time.time", WALL],
    ),
    "to what another has": (
        """
    async def test_it():
        job = Job()
        job.limit = Limit(time.perf_counter)
        await anyio.sleep(6)
        assert job.limit.is_over()
""",
        ["  job.limit.now, in test_it, test_*.py:*, is time.perf_counter", STEADY],
    ),
    "to a function that is called": (
        """
    async def test_it():
        await lasts(6)
""",
        ["  now, in lasts, cache.py:*, is time.monotonic", STEADY],
    ),
}

QUIET = {
    "another clock is handed to it": """
    async def test_it():
        limit = Limit(anyio.current_time)
        await anyio.sleep(6)
        assert not limit.is_over()
""",
    "no clock": """
    async def test_it():
        job = Job()
        await anyio.sleep(6)
        assert job.ran_at() == 6
""",
    "no time has passed": """
    async def test_it():
        assert Item().age() > 5
""",
    "real time": """
    @pytest.mark.real_time
    async def test_it():
        await anyio.sleep(0.01)
        assert Item().age() > 5
""",
    "the wall clock moves along": """
    @pytest.mark.virtual_time(wall=True)
    async def test_it():
        item = Item()
        await anyio.sleep(6)
        assert item.age() == 5
""",
}


def run(pytester: pytest.Pytester, test: str, *args: str) -> pytest.RunResult:
    pytester.makepyfile(cache=CACHE)
    pytester.makepyfile(f"{HEAD}    from cache import *\n{test}")
    return pytester.runpytest("--virtual-time", "--anyio-backends=asyncio,trio", *args)


@pytest.mark.parametrize(("test", "lines"), FAILING.values(), ids=FAILING)
def test_the_report_names_who_asks_which_clock(
    pytester: pytest.Pytester, test: str, lines: list[str]
) -> None:
    result = run(pytester, test)

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(2 * [TITLE, MOVED, *lines])


@pytest.mark.parametrize(("test", "lines"), HANDED.values(), ids=HANDED)
def test_the_report_names_a_clock_that_was_handed_to_something(
    pytester: pytest.Pytester, test: str, lines: list[str]
) -> None:
    result = run(pytester, test)

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(2 * [TITLE, MOVED, *lines])


@pytest.mark.parametrize("test", QUIET.values(), ids=QUIET)
def test_nothing_is_said_of_clocks_that_have_nothing_to_do_with_it(
    pytester: pytest.Pytester, test: str
) -> None:
    result = run(pytester, test)

    result.assert_outcomes(failed=2)
    result.stdout.no_fnmatch_line("*on the computer's own clocks*")


def test_a_clock_that_begins_elsewhere_is_named_though_no_time_has_passed(
    pytester: pytest.Pytester,
) -> None:
    test = """
    def is_over(until):
        return time.monotonic() > until

    async def test_it():
        assert not is_over(anyio.current_time() + 60)
"""
    result = run(pytester, test)

    result.assert_outcomes(failed=2)
    began = "Time began at 0 s, but not on the computer's own clocks:"
    reads = "  is_over, test_*.py:*, reads time.monotonic()"
    result.stdout.fnmatch_lines(2 * [TITLE, began, reads, STEADY])


def test_no_clock_is_named_where_only_another_order_of_tasks_fails(
    pytester: pytest.Pytester,
) -> None:
    test = """
    async def test_it():
        began, order = time.monotonic(), []

        async def work(name):
            await anyio.lowlevel.checkpoint()
            order.append(name)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work, "a")
            tasks.start_soon(work, "b")
        assert order == ["a", "b"], time.monotonic() - began
"""
    result = run(pytester, test, "--explore=20", "--anyio-backends=asyncio")  # trio's is random

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("It replays with: *")
    result.stdout.no_fnmatch_line("*on the computer's own clocks*")


def test_a_wall_clock_that_moves_leaves_those_that_measure(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
    @pytest.mark.virtual_time(wall=True)
    async def test_it():
        item, began = Item(), time.monotonic()
        await anyio.sleep(6)
        assert time.monotonic() - began > item.age()
""",
    )

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines([TITLE, MOVED, "  test_it, *, reads time.monotonic()", STEADY])
    result.stdout.no_fnmatch_line("*reads datetime.now()*")


def test_a_few_of_many_are_named(pytester: pytest.Pytester) -> None:
    methods = "".join(f"        def now{n}(self): return time.time()\n" for n in range(20))
    result = run(
        pytester,
        f"""
    class Clocks:
{methods}
    async def test_it():
        clocks = Clocks()
        await anyio.sleep(6)
        assert clocks is None
""",
    )

    result.stdout.fnmatch_lines(2 * ["  Clocks.now0, *, reads time.time()", "  and 1? more", WALL])


def test_other_tests_of_its_class_are_not_named(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
    class TestIt:
        async def test_asks(self):
            assert time.time()

        async def test_fails(self):
            await anyio.sleep(6)
            assert not "this"
""",
    )

    result.assert_outcomes(passed=2, failed=2)
    result.stdout.no_fnmatch_line("*on the computer's own clocks*")


def asks() -> None:
    raise AssertionError(time.time())


def test_a_clock_is_named_though_the_error_comes_in_a_group() -> None:
    with pytest.raises(AssertionError) as raised:
        asks()
    told = hint(ExceptionGroup("of a nursery", [raised.value]), 6.0, has_wall=False)
    assert told is not None
    assert "test_virtual_clocks.py:" in told
    assert "reads time.time()" in told


def test_a_clock_that_a_helper_reads_is_found_behind_one_that_is_only_noted(
    pytester: pytest.Pytester,
) -> None:
    result = run(
        pytester,
        """
    class Limit:
        def __init__(self):
            self.began = time.monotonic()

    async def with_limit():
        limit = Limit()
        await anyio.sleep(6)
        return limit

    async def noted():
        return time.time(), await with_limit()

    async def test_is_too_late():
        with pytest.raises(TimeoutError):
            await noted()

    async def test_has_nothing_to_do_with_time():
        assert not await noted()
""",
    )

    result.assert_outcomes(failed=4)
    deep, noted = "  Limit.__init__, *, reads time.monotonic()", "  noted, *, reads time.time()"
    result.stdout.fnmatch_lines(2 * [deep, noted, WALL, STEADY, TITLE, MOVED, noted, WALL])
    assert result.stdout.str().count("reads time.monotonic()") == 2
