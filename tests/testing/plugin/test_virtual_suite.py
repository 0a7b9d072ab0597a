"""`--virtual-time` for a whole suite: its options, and the tests that it leaves alone."""

import pytest

from tests.testing.plugin.shared import HEAD, HOUR, run_tests

# What a project may have of its own, where time cannot be virtual.
OWN_BACKENDS = """
    import asyncio, trio.testing

    OWN = [
        pytest.param(("asyncio", {"loop_factory": asyncio.new_event_loop}), id="own-loop"),
        pytest.param(("trio", {"clock": trio.testing.MockClock(rate=1000)}), id="own-clock"),
    ]
    @pytest.fixture(scope="module", params=OWN)
    def anyio_backend(request): return request.param

    async def test_real():
        assert anyio.current_time() != 0.0
        assert "Virtual" not in type(asyncio.get_running_loop()).__name__ if (
            running() == "asyncio") else True
"""


class TestSyncTests:
    """They only happen to use anyio's fixture."""

    TESTS = """
    @pytest.fixture
    def client(anyio_backend, anyio_backend_options):
        assert anyio_backend_options == {}
        return anyio_backend

    def test_sync(client): assert client in ("asyncio", "trio")
    @given(st.integers())
    def test_hypothesis(anyio_backend, n): assert anyio_backend in ("asyncio", "trio")
    class TestClass:
        def test_method(self, anyio_backend): assert anyio_backend in ("asyncio", "trio")
    """

    @pytest.mark.parametrize("beside", ["", HOUR])
    def test_they_are_left_alone(self, pytester: pytest.Pytester, beside: str) -> None:
        tests = self.TESTS + beside
        result = run_tests(pytester, tests, "--virtual-time")
        result.assert_outcomes(passed=8 if beside else 6)
        result.stdout.no_fnmatch_line("*virtual time: *")


def test_the_fixtures_of_anyio_say_what_they_always_do(pytester: pytest.Pytester) -> None:
    tests = """
    async def test_it(anyio_backend, anyio_backend_name, anyio_backend_options):
        assert anyio_backend == anyio_backend_name == running()
        assert anyio_backend_options == {}
        await anyio.sleep(3600)
        assert anyio.current_time() == 3600

    async def test_another_event_loop(anyio_backend, anyio_backend_options):
        async def pause():
            before = anyio.current_time()
            await anyio.sleep(0.01)
            return before

        await anyio.sleep(10)
        before = await anyio.to_thread.run_sync(
            lambda: anyio.run(pause, backend=anyio_backend, backend_options=anyio_backend_options)
        )
        assert before != 0.0
        await anyio.sleep(10)
        assert anyio.current_time() == 20

    @pytest.mark.parametrize("anyio_backend", [("asyncio", {"debug": True})])
    async def test_options(anyio_backend):
        assert anyio_backend == ("asyncio", {"debug": True})
        await anyio.sleep(3600)
        assert asyncio.get_running_loop().get_debug()
    """
    run_tests(pytester, "    import asyncio\n" + tests, "--virtual-time").assert_outcomes(passed=5)


def test_false_keeps_a_test_in_real_time(pytester: pytest.Pytester) -> None:
    tests = """
    @pytest.mark.virtual_time(False)
    async def test_real():
        began = time.monotonic()
        await anyio.sleep(0.01)
        assert time.monotonic() - began >= 0.01
    """
    result = run_tests(pytester, tests + HOUR, "--virtual-time")
    result.assert_outcomes(passed=4)


class TestBackendsOfTheProjectsOwn:
    """A loop factory or a clock of its own: such tests run in real time, and are counted."""

    def test_they_run_in_real_time_and_are_counted(self, pytester: pytest.Pytester) -> None:
        result = run_tests(pytester, OWN_BACKENDS, "--virtual-time")
        result.assert_outcomes(passed=2)
        result.stdout.fnmatch_lines(
            "virtual time: 2 tests ran in real time, with an event loop or a clock of its own (a "
            "loop_factory, an event_loop_policy, a MockClock)."
        )

    def test_one_is_counted_as_one(self, pytester: pytest.Pytester) -> None:
        result = run_tests(pytester, OWN_BACKENDS, "--virtual-time", "-k", "own-loop")
        result.assert_outcomes(passed=1, deselected=1)
        result.stdout.fnmatch_lines("virtual time: 1 test ran in real time, with *")

    def test_they_are_counted_under_xdist_where_all_else_is_virtual(
        self, pytester: pytest.Pytester
    ) -> None:
        pytester.makepyfile(test_hour=HEAD + HOUR)
        result = run_tests(pytester, OWN_BACKENDS, "--virtual-time", "-n2")
        result.assert_outcomes(passed=4)
        result.stdout.fnmatch_lines("virtual time: 2 tests ran in real time, with *")

    def test_where_all_is_virtual_nothing_is_counted(self, pytester: pytest.Pytester) -> None:
        result = run_tests(pytester, HOUR, "--virtual-time")
        result.stdout.no_fnmatch_line("*virtual time: *")

    @pytest.mark.parametrize("earlier_test", [True, False])
    @pytest.mark.parametrize(
        ("mark", "argument"), [("@pytest.mark.virtual_time", ""), ("", "virtual_clock")]
    )
    @pytest.mark.parametrize("option", [["--virtual-time"], []])
    def test_a_test_that_asks_for_virtual_time_fails(
        self,
        pytester: pytest.Pytester,
        option: list[str],
        mark: str,
        argument: str,
        earlier_test: bool,
    ) -> None:
        tests = f"""{OWN_BACKENDS}
    {mark}
    async def test_asks({argument}): assert False, "it must not run"
    """
        chosen = [] if earlier_test else ["-k", "test_asks"]
        result = run_tests(
            pytester, tests, *option, *chosen, "-rN"
        )  # no summary, which CI shows in full
        outcomes = result.parseoutcomes()
        assert outcomes.get("failed", 0) + outcomes.get("errors", 0) == 2
        assert outcomes.get("passed", 0) == (2 if earlier_test else 0)
        sentence = "Time cannot be virtual where a test has an event loop or a clock of"
        assert result.stdout.str().count(sentence) == 2
        assert "it must not run" not in result.stdout.str()


SLOW_OUTSIDE = """
    async def test_idle():
        import threading
        from anyio.lowlevel import current_token
        came, token = anyio.Event(), current_token()
        come = lambda: anyio.from_thread.run_sync(came.set, token=token)
        threading.Timer(0.02, come).start()
        with anyio.fail_after(1):
            await came.wait()
        assert anyio.current_time() == 0.0
"""

WALL = """
    from datetime import datetime, timezone
    async def test_wall():
        before = datetime.now(timezone.utc)
        await anyio.sleep(3600)
        assert (datetime.now(timezone.utc) - before).total_seconds() == 3600
        assert str(before).startswith("{began}")
"""


class TestOptions:
    @pytest.mark.parametrize(
        "how", ["--virtual-time-idle=30", "-o virtual_time_idle=30", "--virtual-time-idle 30"]
    )
    def test_idle_waits_for_what_lives_outside(self, pytester: pytest.Pytester, how: str) -> None:
        run_tests(pytester, SLOW_OUTSIDE, "--virtual-time", *how.split()).assert_outcomes(passed=2)

    @pytest.mark.parametrize("how", ["", "--virtual-time-idle=0"])
    def test_without_it_time_runs_ahead(self, pytester: pytest.Pytester, how: str) -> None:
        tests = SLOW_OUTSIDE.replace("0.02", "60")
        tests = tests.replace("threading.Timer(60, come).start()", "pass")
        run_tests(pytester, tests, "--virtual-time", *how.split()).assert_outcomes(failed=2)

    def test_the_option_comes_before_the_ini_file(self, pytester: pytest.Pytester) -> None:
        args = ("--virtual-time", "-o", "virtual_time_idle=nonsense", "--virtual-time-idle=0")
        run_tests(pytester, HOUR, *args).assert_outcomes(passed=2)

    @pytest.mark.parametrize(
        ("how", "began"),
        [
            ("--virtual-time-wall", "20"),
            ("--virtual-time-wall=now", "20"),
            ("-o virtual_time_wall=true", "20"),
            ("-o virtual_time_wall=now", "20"),
            ("--virtual-time-wall=2030-01-31T12:00", "2030-01-31 12:00:00+00:00"),
            ("--virtual-time-wall=2030-01-31T12:00+02:00", "2030-01-31 10:00:00+00:00"),
            ("-o virtual_time_wall=2030-01-31", "2030-01-31 00:00:00+00:00"),
        ],
    )
    def test_the_wall_clock_of_a_whole_suite(
        self, pytester: pytest.Pytester, how: str, began: str
    ) -> None:
        tests = WALL.replace("{began}", began)
        run_tests(pytester, tests, "--virtual-time", *how.split()).assert_outcomes(passed=2)

    def test_a_folder_after_it_is_no_instant(self, pytester: pytest.Pytester) -> None:
        pytester.mkdir("tests")
        pytester.makepyfile(**{"tests/test_it": "def test_it(): pass"})
        result = pytester.runpytest("--virtual-time-wall", "tests")
        result.assert_outcomes(passed=1)

    @pytest.mark.parametrize("how", ["-o virtual_time_wall=false", "-o virtual_time_wall="])
    def test_the_wall_clock_can_be_left_alone(self, pytester: pytest.Pytester, how: str) -> None:
        tests = WALL.replace("== 3600", "< 3600").replace("{began}", "20")
        run_tests(pytester, tests, "--virtual-time", *how.split()).assert_outcomes(passed=2)

    def test_a_marker_says_more_than_the_options_and_leaves_the_rest(
        self, pytester: pytest.Pytester
    ) -> None:
        marked = "@pytest.mark.virtual_time(idle=0)\n    async def test_wall"
        tests = WALL.replace("async def test_wall", marked).replace("{began}", "2030-01-31")
        args = ("--virtual-time-wall=2030-01-31", "--virtual-time-idle=0.001")
        run_tests(pytester, tests, *args).assert_outcomes(passed=2)

    @pytest.mark.parametrize(
        ("how", "sentence"),
        [
            (
                f"{option}{value}",
                f"--virtual-time-idle must be a number of seconds of at least 0, not '{value}'.",
            )
            for option in ("--virtual-time-idle=", "-ovirtual_time_idle=")
            for value in ("-1", "inf", "nan", "soon")
        ]
        + [
            (
                f"{option}{value}",
                (
                    "--virtual-time-wall must be an instant such as 2030-01-31T12:00 (without a "
                    f"timezone, UTC) or now, not '{value}'."
                ),
            )
            for option in ("--virtual-time-wall=", "-ovirtual_time_wall=")
            for value in ("tomorrow", "2030-13-01")
        ],
    )
    def test_a_wrong_value_is_told_in_a_sentence(
        self, pytester: pytest.Pytester, how: str, sentence: str
    ) -> None:
        result = run_tests(pytester, HOUR, "--virtual-time", how)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        assert f"ERROR: {sentence}" in result.stderr.lines
        assert "Traceback" not in result.stdout.str() + result.stderr.str()


@pytest.mark.parametrize("option", ["--virtual-time", "--explore", "--explore-cancel"])
def test_async_tests_of_unittest_are_counted_as_left_alone(
    pytester: pytest.Pytester, option: str
) -> None:
    pytester.makepyfile("""
        import asyncio, unittest

        class TestIt(unittest.IsolatedAsyncioTestCase):
            async def test_async(self):
                await asyncio.sleep(0)

            def test_sync(self):
                pass
    """)
    result = pytester.runpytest("-p", "no:asyncio", option)

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        f"{option}: 1 async test was left alone, because unittest *; the kit takes those *"
    )
    result.stdout.no_fnmatch_line("*_mode = auto*")  # which would not take it
    plain = pytester.runpytest("-p", "no:asyncio")
    plain.stdout.no_fnmatch_line("*left alone*")


@pytest.mark.parametrize("arguments", ["False", "1", "idle=0"])
def test_real_time_takes_no_arguments(pytester: pytest.Pytester, arguments: str) -> None:
    tests = f"""
    @pytest.mark.real_time({arguments})
    async def test_it(): pass
    """
    result = run_tests(pytester, tests, "--virtual-time")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        "ERROR: *::test_it*: real_time takes no arguments; leave them or the marker out."
    )


@pytest.mark.parametrize(
    ("names", "options"),
    [
        ("--virtual-time", ["--virtual-time"]),
        ("--explore", ["--explore"]),
        ("--explore-cancel", ["--explore-cancel"]),
        ("--virtual-time, --explore", ["--virtual-time", "--explore=5"]),
        ("--virtual-time, --explore", ["--virtual-time", "--explore=5", "-n1"]),
    ],
)
def test_without_an_async_test_options_for_a_suite_say_that_they_had_no_effect(
    pytester: pytest.Pytester, names: str, options: list[str]
) -> None:
    result = run_tests(pytester, "\n    def test_it(): pass", *options)

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(f"{names} had no effect: there is no async test that anyio, *")


@pytest.mark.parametrize("processes", [[], ["-n1"]])
@pytest.mark.parametrize("plugin", ["anyio", "asyncio"])
def test_where_no_plugin_takes_the_async_tests_the_setting_for_it_is_named(
    pytester: pytest.Pytester, plugin: str, processes: list[str]
) -> None:
    pytester.makepyfile("async def test_it(): pass\nasync def test_that(): pass")
    options = ["--virtual-time", *processes, *([] if plugin == "asyncio" else ["-p", "no:asyncio"])]
    result = pytester.runpytest(*options)

    said = f"set {plugin}_mode = auto in the ini file for those that there are."
    result.stdout.fnmatch_lines(f"--virtual-time had no effect: there is no async test *; {said}")
    auto = pytester.runpytest(*options, "-o", f"{plugin}_mode=auto")
    auto.assert_outcomes(passed=2 if plugin == "asyncio" else 4)
    auto.stdout.no_fnmatch_line("*had no effect*")


@pytest.mark.parametrize("option", ["--virtual-time", "--explore"])
@pytest.mark.parametrize("test", ["real_time", "explore(False)", "asyncio", None])
def test_tests_that_are_kept_out_or_not_collected_are_not_said_to_be_none(
    pytester: pytest.Pytester, option: str, test: str | None
) -> None:
    tests = f"\n    @pytest.mark.{test}\n    async def test_it(): pass" if test else "\n    1 / 0"
    result = run_tests(pytester, tests, option)

    result.stdout.no_fnmatch_line("*had no effect: there is no async test*")


def test_a_wrong_option_is_not_said_to_have_had_no_effect(pytester: pytest.Pytester) -> None:
    result = run_tests(pytester, HOUR, "--virtual-time", "--virtual-time-idle=-1")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.no_fnmatch_line("*had no effect*")


def test_a_test_of_unittest_after_an_async_one_is_not_said_to_have_run_in_real_time(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    import unittest
    pytestmark = []

    @pytest.mark.anyio
    async def test_it():
        await anyio.sleep(1)

    class TestOld(unittest.IsolatedAsyncioTestCase):
        async def test_old(self):
            pass
    """
    result = run_tests(pytester, tests, "--virtual-time", "--anyio-backends=asyncio")
    result.stdout.fnmatch_lines("--virtual-time: 1 async test was left alone, *")
    result.stdout.no_fnmatch_line("*ran in real time*")


def test_where_nothing_is_virtual_a_marker_real_time_may_be_of_another_plugin(
    pytester: pytest.Pytester,
) -> None:
    tests = "\n    @pytest.mark.real_time('board 7')\n    def test_it(): pass"
    run_tests(pytester, tests).assert_outcomes(passed=1)
