"""Virtual time in pytest, tried as a user does."""

import pytest

from tests.testing.plugin.shared import HOUR, run_tests


def test_a_marked_test_runs_in_virtual_time(pytester: pytest.Pytester) -> None:
    run_tests(pytester, f"    @pytest.mark.virtual_time{HOUR}").assert_outcomes(passed=2)


def test_a_test_that_asks_for_the_clock_runs_in_virtual_time(pytester: pytest.Pytester) -> None:
    tests = HOUR.replace("test_hour()", "test_hour(virtual_clock: VirtualClock)")
    run_tests(pytester, tests + "        assert virtual_clock.time() == 3600.0").assert_outcomes(
        passed=2
    )


@pytest.mark.parametrize("how", ["--virtual-time", "-o virtual_time=true"])
def test_a_whole_suite_runs_in_virtual_time_but_for_what_is_marked_real(
    pytester: pytest.Pytester, how: str
) -> None:
    tests = f"""{HOUR}
    @pytest.mark.real_time
    async def test_real():
        assert anyio.current_time() > 0

    @pytest.mark.real_time
    class TestReal:
        async def test_real(self):
            assert anyio.current_time() > 0

        @pytest.mark.virtual_time
        async def test_the_closest_marker_counts(self):
            assert anyio.current_time() == 0

    def test_that_is_not_async(): pass
    """
    run_tests(pytester, tests, *how.split()).assert_outcomes(passed=9)


def test_without_a_virtual_test_nothing_changes(pytester: pytest.Pytester) -> None:
    tests = """
    async def test_real(anyio_backend):
        assert anyio_backend in ("asyncio", "trio")
        assert anyio.current_time() > 0
    """
    run_tests(pytester, tests).assert_outcomes(passed=2)


def test_real_and_virtual_tests_share_fixtures_of_a_wider_scope(pytester: pytest.Pytester) -> None:
    tests = """
    opened = []

    @pytest.fixture(scope="module")
    async def resource():
        opened.append(running())
        await anyio.sleep(0.001)
        yield running(), anyio.current_time() < 1

    @pytest.mark.virtual_time
    async def test_virtual(resource):
        assert anyio.current_time() == 0.0
        await anyio.sleep(3600)
        assert resource == (running(), True)

    @pytest.mark.virtual_time
    async def test_virtual_again(resource):
        assert anyio.current_time() == 0.0
        await anyio.sleep(3600)
        assert resource == (running(), True)

    async def test_real(resource):
        assert anyio.current_time() > 1
        assert resource == (running(), False)

    @pytest.mark.virtual_time
    async def test_virtual_once_more(resource):
        assert anyio.current_time() == 0.0
        assert resource == (running(), True)

    def test_how_often_it_was_opened():
        assert opened == ["asyncio"] * 3 + ["trio"] * 3
    """
    run_tests(pytester, tests, "-v").assert_outcomes(passed=9)


def test_a_fixture_with_a_deadline_of_its_own_lets_time_go_on(pytester: pytest.Pytester) -> None:
    tests = """
    @pytest.fixture(scope="module")
    async def background():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.sleep, 1_000_000)
            yield
            tasks.cancel_scope.cancel()

    @pytest.mark.virtual_time
    @pytest.mark.parametrize("hour", [0, 1])
    async def test_hour(background, hour):
        assert anyio.current_time() == hour * 3600.0
        await anyio.sleep(3600)
    """
    run_tests(pytester, tests).assert_outcomes(passed=4)


def test_a_session_wide_fixture_is_in_virtual_time_too(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import anyio, pytest

        @pytest.fixture(scope="session", params=["asyncio", "trio"])
        def anyio_backend(request):
            return request.param

        @pytest.fixture(scope="session")
        async def warmed_up():
            await anyio.sleep(3600)
            return anyio.current_time()
        """
    )
    tests = HOUR.replace("test_hour()", "test_hour(warmed_up)")
    run_tests(
        pytester, tests + "        assert warmed_up == 3600.0", "--virtual-time"
    ).assert_outcomes(passed=2)


def test_every_example_of_hypothesis_begins_at_zero(pytester: pytest.Pytester) -> None:
    tests = """
    @pytest.fixture
    async def resource():
        yield

    @pytest.mark.virtual_time
    @given(seconds=st.floats(0, 1e6))
    async def test_alone(seconds):
        assert anyio.current_time() == 0.0
        await anyio.sleep(seconds)

    @given(seconds=st.floats(0, 1e6))
    async def test_with_the_clock(virtual_clock, seconds):
        assert virtual_clock.time() == 0.0
        virtual_clock.hold()
        await virtual_clock.advance(seconds)

    @pytest.fixture(scope="module")
    async def shared():
        yield

    @pytest.mark.virtual_time
    @given(seconds=st.floats(0, 1e6))
    async def test_on_one_event_loop(shared, seconds):
        assert anyio.current_time() == 0.0
        await anyio.sleep(seconds)
    """
    run_tests(pytester, tests).assert_outcomes(passed=6)


def test_it_goes_with_the_choice_of_event_loops_and_skips_uvloop(pytester: pytest.Pytester) -> None:
    tests = f"    @pytest.mark.virtual_time{HOUR}"

    result = run_tests(pytester, tests, "--anyio-backends", "-rs")

    result.assert_outcomes(passed=2, skipped=1)
    result.stdout.fnmatch_lines("*asyncio+uvloop has neither virtual time nor another order*")


def test_options_of_the_project_are_kept(pytester: pytest.Pytester) -> None:
    tests = """
    @pytest.fixture
    def anyio_backend(): return "asyncio", {"debug": True}

    @pytest.mark.virtual_time
    async def test_debug():
        import asyncio
        assert asyncio.get_running_loop().get_debug()
        await anyio.sleep(3600)
    """
    run_tests(pytester, tests).assert_outcomes(passed=1)


def test_one_test_of_hypothesis_can_be_virtual_and_real(pytester: pytest.Pytester) -> None:
    tests = """
    @pytest.mark.parametrize("virtual", [
        pytest.param(True, marks=pytest.mark.virtual_time),
        pytest.param(False, marks=pytest.mark.real_time),
    ])
    @given(n=st.integers())
    async def test_both(virtual, n):
        assert (anyio.current_time() == 0.0) == virtual
    """
    run_tests(pytester, tests).assert_outcomes(passed=4)


def test_a_backend_that_the_kit_does_not_know_is_left_to_anyio(pytester: pytest.Pytester) -> None:
    tests = """
    @pytest.mark.virtual_time
    @pytest.mark.parametrize("anyio_backend", ["curio"])
    def test_sync(anyio_backend): assert anyio_backend == "curio"
    """
    run_tests(pytester, tests).assert_outcomes(passed=1)


def test_the_tests_of_pytest_asyncio_can_run_on_its_event_loop(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        from awaits.testing import virtual_time

        def pytest_asyncio_loop_factories(config, item):
            return {"virtual": virtual_time("asyncio")["loop_factory"]}
        """
    )
    pytester.makepyfile(
        """
        import asyncio, pytest

        @pytest.mark.asyncio
        @pytest.mark.parametrize("again", [1, 2])
        async def test_hour(again):
            loop = asyncio.get_running_loop()
            assert loop.time() == 0.0
            await asyncio.sleep(3600)
            assert loop.time() == 3600.0
        """
    )
    pytester.runpytest("-p", "no:cacheprovider").assert_outcomes(passed=2)


def test_the_markers_and_the_options_are_explained(pytester: pytest.Pytester) -> None:
    assert (
        "@pytest.mark.virtual_time(idle=0.0, wall=False, turns=100_000)"
        in run_tests(pytester, "", "--markers").stdout.str()
    )
    assert "--virtual-time" in run_tests(pytester, "", "--help").stdout.str()
