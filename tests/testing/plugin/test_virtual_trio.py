"""Virtual time, and exploring, for tests that pytest-trio runs, with nothing in a conftest."""

from textwrap import dedent

import pytest

HEAD = """
    import pytest, trio
    from hypothesis import given, strategies as st

    pytestmark = pytest.mark.trio

    async def sleep_an_hour():
        assert trio.current_time() == 0.0
        await trio.sleep(3600)
        assert trio.current_time() == 3600.0

    @pytest.fixture
    async def slow():
        await trio.sleep(100)
        yield 1
        await trio.sleep(100)
"""

SUITE = """
    @pytest.mark.parametrize("again", [1, 2])
    async def test_hour(again):
        await sleep_an_hour()

    async def test_fixtures(slow, nursery, virtual_clock):
        nursery.start_soon(trio.sleep, 7200)
        began = trio.current_time()
        await trio.sleep(3600)
        assert virtual_clock.time() == began + 3600

    @pytest.mark.parametrize("again", [1, 2])
    @given(st.integers())
    async def test_hypothesis(again, n):
        await sleep_an_hour()

    class TestMethods:
        async def test_method(self):
            await sleep_an_hour()

    @pytest.mark.real_time
    async def test_real_time():
        assert trio.current_time() > 3600

    @given(st.none())
    async def test_nested_runs_are_real(none):
        def elsewhere():
            return trio.run(now, strict_exception_groups=True)

        async def now():
            return trio.current_time()

        assert await trio.to_thread.run_sync(elsewhere) > 3600

    def run_by_the_project(main, **kwargs):
        return trio.run(main, **kwargs)

    @pytest.mark.trio(run=run_by_the_project)
    async def test_run_by_the_project():
        assert trio.current_time() > 3600

    async def test_its_own_clock(autojump_clock):
        began = trio.current_time()
        await trio.sleep(3600)
        assert trio.current_time() == began + 3600
"""

RACE = """
    async def test_race():
        order = []

        async def work(name):
            for _ in range(2):
                await trio.lowlevel.checkpoint()
                order.append(name)

        async with trio.open_nursery() as tasks:
            tasks.start_soon(work, "a")
            tasks.start_soon(work, "b")
        assert "".join(order) != "bbaa"
"""


def run(pytester: pytest.Pytester, tests: str, *args: str, ini: str = "") -> pytest.RunResult:
    """Run tests in a process of their own: pytest-trio changes trio for good."""
    pytester.makeini(f"[pytest]\nasyncio_default_fixture_loop_scope = function\n{ini}")
    pytester.makepyfile(dedent(HEAD) + dedent(tests))
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", "--strict-markers", *args)


def test_a_suite_runs_in_virtual_time(pytester: pytest.Pytester) -> None:
    result = run(pytester, SUITE, "--virtual-time", "--prove")

    result.assert_outcomes(passed=10)
    result.stdout.fnmatch_lines(
        [
            "pytest-trio 0.*, on trio *: 10 tests",
            "virtual time: 2 tests ran in real time, * a clock of its own *",
        ]
    )


def test_a_suite_in_trio_mode_runs_in_virtual_time_and_is_explored(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeini("")
    head = HEAD.replace("pytestmark = pytest.mark.trio", "")
    tests = dedent(head) + dedent(SUITE) + dedent(RACE)
    pytester.makepyfile(tests)
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\ntrio_mode = true")

    result = pytester.runpytest_subprocess(
        "-p", "no:cacheprovider", "--virtual-time", "--explore=20"
    )

    result.assert_outcomes(passed=10, failed=1)
    result.stdout.fnmatch_lines(["It replays with: @pytest.mark.explore(Schedule(*))"])


def test_a_deadlock_is_told_and_a_clock_of_its_own_where_virtual_time_was_asked_for(
    pytester: pytest.Pytester,
) -> None:
    tests = """
        async def test_deadlock(virtual_clock):
            await trio.Event().wait()

        @pytest.mark.virtual_time
        async def test_two_clocks(autojump_clock):
            pass
    """
    result = run(pytester, tests)

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "E *DeadlockError: At 0.0 s, nothing can ever run again:",
            "Time cannot be virtual where a test has an event loop or a clock of its own *",
        ]
    )
    result.stdout.no_fnmatch_line("*Exception Group*")


def test_an_event_loop_of_anyios_that_stays_open_keeps_its_time_beside_one(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    import anyio
    pytestmark = []

    @pytest.fixture(scope="module")
    def anyio_backend():
        return "asyncio"

    @pytest.fixture(scope="module")
    async def server(anyio_backend):
        yield

    @pytest.mark.anyio
    async def test_before(server):
        await anyio.sleep(1)

    @pytest.mark.trio
    async def test_of_pytest_trio():
        await sleep_an_hour()

    @pytest.mark.anyio
    async def test_after(server):
        await anyio.sleep(3)
        assert anyio.current_time() == 3.0
    """
    run(pytester, tests, "--virtual-time").assert_outcomes(passed=3)
