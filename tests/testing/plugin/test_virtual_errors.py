"""What a user of virtual time in pytest sees when a test fails, or makes no sense."""

import pytest

from awaits.testing import wall
from tests.testing.plugin.shared import HOUR, run_tests


def test_a_deadlock_fails_the_test_at_once_and_the_next_one_runs(pytester: pytest.Pytester) -> None:
    tests = f"""
    @pytest.fixture(scope="module")
    async def resource():
        yield

    @pytest.mark.virtual_time
    async def test_deadlock(resource):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.sleep_forever)

    @pytest.mark.virtual_time{HOUR.replace("()", "(resource)", 1)}
    """
    result = run_tests(pytester, tests)

    result.assert_outcomes(failed=2, passed=2)
    result.stdout.fnmatch_lines(
        [
            "E*DeadlockError: At 0.0 s, nothing can ever run again:",
            "E*the main task waits at test_a_*.py:*, in test_deadlock, for the end of *",
            "E*task 1, sleep_forever, waits*",
        ]
    )


def test_a_deadlock_of_a_fixture_fails_its_test(pytester: pytest.Pytester) -> None:
    tests = """
    @pytest.fixture
    async def stuck():
        await anyio.sleep_forever()

    @pytest.mark.virtual_time
    async def test_stuck(stuck): pass
    """
    result = run_tests(pytester, tests)

    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines("E*DeadlockError: At 0.0 s, nothing can ever run again:")


def test_an_error_of_the_kit_fails_the_test_and_not_the_suite(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import pytest
        from awaits.testing.loops.timekeeper import Timekeeper

        @pytest.fixture
        def broken(monkeypatch):
            def move(self, deadline, latest=0): raise AssertionError("the kit is broken")
            monkeypatch.setattr(Timekeeper, "move", move)
        """
    )
    tests = f"""
    @pytest.mark.virtual_time
    async def test_broken(broken):
        await anyio.sleep(1)

    @pytest.mark.virtual_time{HOUR}
    """
    result = run_tests(pytester, tests)

    result.assert_outcomes(failed=2, passed=2)
    result.stdout.fnmatch_lines("E*the kit is broken")


@pytest.mark.parametrize("mark", ["anyio", "asyncio"])
@pytest.mark.parametrize(
    "waits",
    ["await anyio.Event().wait()", "while True: await anyio.sleep(0)"],
    ids=["dead", "live"],
)
def test_a_deadlock_shows_the_line_of_the_test_and_nothing_of_the_plugins(
    pytester: pytest.Pytester, mark: str, waits: str
) -> None:
    pytester.makepyfile(
        f"""
    import anyio, pytest

    @pytest.mark.{mark}
    @pytest.mark.virtual_time
    async def test_it():
        {waits}
    """
    )
    result = pytester.runpytest("-p", "no:cacheprovider", "--anyio-backends=asyncio,trio")

    result.assert_outcomes(failed=2 if mark == "anyio" else 1)
    result.stdout.fnmatch_lines([f">*{waits}", "E *lockError: At 0.0 s, *"])
    result.stdout.no_fnmatch_line("*run_until_complete*")


@pytest.mark.parametrize(
    ("test", "sentence"),
    [
        (
            "@pytest.mark.virtual_time(speed=2)\n    async def test_it(): pass",
            "virtual_time takes idle, wall and turns, by their names; or False alone; not speed=2.",
        ),
        (
            "@pytest.mark.virtual_time(3)\n    async def test_it(): pass",
            "virtual_time takes idle, wall and turns, by their names; or False alone; not 3.",
        ),
        (
            "@pytest.mark.virtual_time(idle=-1)\n    async def test_it(): pass",
            "idle must be a number of seconds of at least 0, not -1.",
        ),
        (
            "@pytest.mark.virtual_time(turns=0)\n    async def test_it(): pass",
            "turns must be a whole number of at least 10, not 0.",
        ),
        (
            "@pytest.mark.virtual_time\n    def test_it(): pass",
            "Virtual time is for async tests that anyio, pytest-asyncio or pytest-trio runs; ",
        ),
        (
            "def test_it(virtual_clock): pass",
            "Virtual time is for async tests that anyio, pytest-asyncio or pytest-trio runs; ",
        ),
        (
            (
                "@pytest.mark.real_time\n    async def test_it(virtual_clock): pass\n\n"
                "    async def test_other(virtual_clock): pass"
            ),
            "A test that is marked real_time, or virtual_time(False), has no virtual clock.",
        ),
        (
            (
                "@pytest.mark.virtual_time\n"
                "    @pytest.mark.parametrize('anyio_backend', [('trio', {'clock': None})])\n"
                "    async def test_it(anyio_backend): pass"
            ),
            "Time cannot be virtual where a test has an event loop or a clock of its own (a loop",
        ),
    ],
)
def test_what_makes_no_sense_is_told_in_a_sentence(
    pytester: pytest.Pytester, test: str, sentence: str
) -> None:
    result = run_tests(pytester, f"    {test}")

    assert result.parseoutcomes().keys() & {"error", "errors", "failed"}
    result.stdout.fnmatch_lines(f"*{sentence}*")
    assert "During handling of the above exception" not in result.stdout.str()


def test_an_error_of_the_test_is_shown_as_it_is(pytester: pytest.Pytester) -> None:
    tests = """
    @pytest.mark.virtual_time
    async def test_group():
        async def fail():
            raise ConnectionError("of the test's own")

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(fail)

    @pytest.mark.virtual_time
    @pytest.mark.parametrize("anyio_backend", ["asyncio"])
    async def test_cancelled():
        import asyncio
        asyncio.current_task().cancel()
        await anyio.sleep(1)
    """
    result = run_tests(pytester, tests)

    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(["*ConnectionError: of the test's own", "*CancelledError"])


def test_a_test_that_pytest_asyncio_takes_runs_in_virtual_time_there(
    pytester: pytest.Pytester,
) -> None:
    tests = f"    @pytest.mark.virtual_time{HOUR}"
    run_tests(pytester, tests, "--asyncio-mode=auto").assert_outcomes(passed=2)

    result = run_tests(pytester, tests, "--asyncio-mode=auto", "--anyio-backends=trio")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("*labelled trio, but run on asyncio by pytest-asyncio *")


def test_a_test_that_the_project_runs_itself_is_told_of(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import asyncio, pytest

        @pytest.hookimpl(tryfirst=True)
        def pytest_pyfunc_call(pyfuncitem):
            asyncio.run(pyfuncitem.obj())
            return True
        """
    )
    result = run_tests(pytester, f"    @pytest.mark.virtual_time{HOUR}")

    result.assert_outcomes(failed=2)
    sentence = (
        "The test was to run in virtual time, but its event loop was made by this project's own "
        "code: let anyio run the test."
    )
    assert result.stdout.lines.count(sentence) == 2
    assert "During handling" not in result.stdout.str()


def test_a_wall_clock_without_time_machine_is_refused_in_one_sentence(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_there(_name: str) -> None: ...

    monkeypatch.setattr(wall, "find_spec", not_there)
    result = run_tests(pytester, HOUR, "--virtual-time", "--virtual-time-wall")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told = "ERROR: --virtual-time-wall: * is not installed; install it with: pip install time-*"
    result.stderr.fnmatch_lines(told)


@pytest.mark.parametrize("other", ["time", "slow_callback_duration"])
def test_another_plugin_that_replaces_the_time_of_the_event_loop_is_told(
    pytester: pytest.Pytester, other: str
) -> None:
    tests = f"""
    import asyncio

    @pytest.fixture
    async def replaced(anyio_backend):
        loop = asyncio.get_running_loop()
        loop.__class__ = type("Other", (type(loop),), {{{other!r}: lambda self: 0.0}})

    async def test_it(replaced):
        await anyio.sleep(1)
    """
    result = run_tests(pytester, tests, "--virtual-time", "--anyio-backends=asyncio")

    result.assert_outcomes(**{"failed" if other == "time" else "passed": 1})
    if other == "time":
        result.stdout.fnmatch_lines("Something has replaced the event loop's time(): *")


def test_a_fixture_that_replaces_the_time_of_its_event_loop_is_told_where_a_test_fails(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    import asyncio

    @pytest.fixture
    async def replaced(anyio_backend):
        loop = asyncio.get_running_loop()
        loop.time = lambda: 0.0

    async def test_right(replaced): pass

    async def test_wrong(replaced): assert False
    """
    result = run_tests(pytester, tests, "--virtual-time", "--anyio-backends=asyncio")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines("E *Something has replaced the event loop's time(): *")
