"""Virtual time, and exploring, for tests that pytest-asyncio runs, with nothing in a conftest."""

from textwrap import dedent

import pytest

SCOPES = """
    import asyncio, pytest, pytest_asyncio
    from hypothesis import given, strategies as st

    @pytest_asyncio.fixture(scope="module", loop_scope="module")
    async def of_module():
        await asyncio.sleep(100)
        yield asyncio.get_running_loop()
        await asyncio.sleep(100)

    @pytest_asyncio.fixture
    async def of_test():
        await asyncio.sleep(100)
        yield asyncio.get_running_loop()
        await asyncio.sleep(100)

    async def sleep_an_hour(since=0.0):
        loop = asyncio.get_running_loop()
        assert loop.time() == since
        await asyncio.sleep(3600)
        assert loop.time() == since + 3600

    @pytest.mark.asyncio
    @pytest.mark.parametrize("again", [1, 2])
    async def test_hour(again, of_test):
        assert of_test is asyncio.get_running_loop()
        await sleep_an_hour()

    def test_sync():
        pass

    @pytest.mark.asyncio(loop_scope="module")
    async def test_loop_of_module(of_module):
        assert of_module is asyncio.get_running_loop()
        await sleep_an_hour()

    def test_sync_again():
        pass

    @pytest.mark.asyncio(loop_scope="module")
    async def test_loop_of_module_again(of_module):
        assert of_module is asyncio.get_running_loop()
        await sleep_an_hour()

    @pytest.mark.asyncio
    @pytest.mark.parametrize("again", [1, 2])
    @given(st.integers())
    async def test_hypothesis(again, n):
        await sleep_an_hour()

    class TestMethods:
        @pytest.mark.asyncio
        async def test_method(self, of_test):
            await sleep_an_hour()
"""


def run(pytester: pytest.Pytester, tests: str, *args: str) -> pytest.RunResult:
    pytester.makepyfile(dedent(tests))
    return pytester.runpytest("-p", "no:cacheprovider", "--strict-markers", *args)


def test_a_suite_runs_in_virtual_time_with_its_fixtures_of_every_scope(
    pytester: pytest.Pytester,
) -> None:
    run(pytester, SCOPES, "--virtual-time").assert_outcomes(passed=9)


def test_a_suite_in_auto_mode_runs_in_virtual_time(pytester: pytest.Pytester) -> None:
    tests = SCOPES.replace("@pytest.mark.asyncio\n", "\n").replace("pytest_asyncio.f", "pytest.f")
    tests = tests.replace('scope="module", loop_scope="module"', 'scope="module"')

    args = ("-o", "asyncio_default_fixture_loop_scope=module")
    tests = tests.replace("assert of_test is asyncio.get_running_loop()", "")

    run(pytester, tests, "--asyncio-mode=auto", "--virtual-time", *args).assert_outcomes(passed=9)


def test_markers_and_the_clock_choose_single_tests(pytester: pytest.Pytester) -> None:
    tests = """
        import asyncio, pytest, time

        pytestmark = pytest.mark.asyncio(loop_scope="module")

        async def test_real():
            assert asyncio.get_running_loop().time() == pytest.approx(time.monotonic())

        @pytest.mark.virtual_time
        async def test_marked():
            await asyncio.sleep(3600)
            assert asyncio.get_running_loop().time() == 3600

        async def test_real_again():
            assert asyncio.get_running_loop().time() == pytest.approx(time.monotonic())

        async def test_clock(virtual_clock):
            virtual_clock.hold()
            await virtual_clock.advance(5)
            assert asyncio.get_running_loop().time() == virtual_clock.time() == 5
    """
    run(pytester, tests).assert_outcomes(passed=4)


def test_the_wall_clock_follows_the_event_loop_that_runs(pytester: pytest.Pytester) -> None:
    tests = """
        import asyncio, pytest, time

        async def minute():
            began = time.time()
            await asyncio.sleep(60)
            assert time.time() - began == 60

        @pytest.mark.asyncio(loop_scope="session")
        async def test_of_session():
            # What the event loop still waits for keeps its time from beginning again.
            asyncio.get_running_loop().call_later(1e6, print)
            await minute()

        @pytest.mark.asyncio(loop_scope="module")
        async def test_of_module():
            await minute()
            await minute()

        @pytest.mark.asyncio(loop_scope="session")
        async def test_of_session_again(): await minute()

        def test_real():
            assert abs(time.time() - time.clock_gettime(time.CLOCK_REALTIME)) < 3600
    """
    result = run(pytester, tests, "--virtual-time", "--virtual-time-wall=2030-01-01")
    result.assert_outcomes(passed=4)


def test_a_deadlock_is_told(pytester: pytest.Pytester) -> None:
    tests = """
        import asyncio, pytest

        @pytest.mark.asyncio
        async def test_deadlock():
            await asyncio.Event().wait()
    """
    result = run(pytester, tests, "--virtual-time")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*DeadlockError: At 0.0 s, nothing can ever run again:"])


def test_event_loops_of_the_suites_own_stay_and_are_counted(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import asyncio

        class OwnEventLoop(asyncio.SelectorEventLoop):
            pass

        def pytest_asyncio_loop_factories(config, item):
            return {"own": OwnEventLoop, "asyncio": asyncio.new_event_loop}
        """
    )
    tests = """
        import asyncio, pytest

        @pytest.mark.asyncio
        async def test_loop():
            loop = asyncio.get_running_loop()
            before = loop.time()
            await asyncio.sleep(0.01)
            assert type(loop).__name__ in ("OwnEventLoop", "VirtualEventLoop")
            assert (type(loop).__name__ == "VirtualEventLoop") == (loop.time() == 0.01)
    """
    result = run(pytester, tests, "--virtual-time")

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["virtual time: 1 test ran in real time, with an event loop *"])


def test_one_that_asks_for_virtual_time_but_has_its_own_event_loop_fails(
    pytester: pytest.Pytester,
) -> None:
    tests = """
        import asyncio, pytest

        class OwnPolicy(asyncio.DefaultEventLoopPolicy):
            pass

        @pytest.fixture
        def event_loop_policy():
            return OwnPolicy()

        @pytest.mark.virtual_time
        @pytest.mark.asyncio
        async def test_hour():
            await asyncio.sleep(3600)
    """
    result = run(pytester, tests, "-Wignore::DeprecationWarning")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*Time cannot be virtual where a test has an event loop or a clock of its own *"]
    )


def test_a_version_that_does_not_fit_fails_the_tests_that_need_it(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeconftest(
        """
        import pytest_asyncio.plugin as plugin

        kept = vars(plugin).pop("_function_scoped_runner")

        def pytest_unconfigure():
            plugin._function_scoped_runner = kept
        """
    )
    tests = """
        import asyncio, anyio, pytest

        @pytest.mark.asyncio
        async def test_hour():
            await asyncio.sleep(3600)

        @pytest.mark.anyio
        async def test_on_anyio():
            await anyio.sleep(3600)
    """
    result = run(pytester, tests, "--virtual-time")

    result.assert_outcomes(errors=1, passed=2)
    result.stdout.fnmatch_lines(
        ["This package does not fit pytest-asyncio * install * known to fit, 1.1 to *"]
    )


def test_tests_of_pytest_asyncio_are_explored_in_one_event_loop(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import asyncio, pytest
        from hypothesis import given, strategies as st

        pytestmark = pytest.mark.asyncio
        loops = []

        async def in_turns():
            order = []

            async def work(name):
                for _ in range(2):
                    await asyncio.sleep(0)
                    order.append(name)

            await asyncio.gather(work("a"), work("b"))
            return "".join(order)

        async def test_orders():
            loops.append(asyncio.get_running_loop())
            await in_turns()

        async def test_race():
            assert await in_turns() != "bbaa"

        @given(st.integers())
        async def test_race_with_hypothesis(n):
            assert await in_turns() != "bbaa"

        @pytest.mark.explore(False)
        async def test_fine():
            assert len(set(loops)) == 2  # that of the run as always, and that of all orders
            assert await in_turns() == "abab"
        """
    )
    result = pytester.runpytest("--explore=20", "-p", "no:cacheprovider")

    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines("It replays with: @pytest.mark.explore(Schedule(*))")
