"""`pytest --anyio-timeout`: a test that hangs fails, and tells where its tasks stand."""

import re
import signal

import pytest

from tests.testing.plugin.shared import HEAD, Apart

BACKENDS = "--anyio-backends=asyncio,trio,asyncio+uvloop"


def run(pytester: pytest.Pytester, tests: str, *args: str) -> pytest.RunResult:
    pytester.makepyfile(test_it=f"{HEAD}    import time\n{tests}")
    args = args or ("--anyio-timeout=0.2", BACKENDS)
    return pytester.runpytest("-p", "no:cacheprovider", "--strict-markers", *args)


def told(result: pytest.RunResult) -> list[str]:
    """The reports of tests that took too long, without the numbers of lines."""
    reports = re.findall(r"^(After .*\n(?:  .*\n)+)", result.stdout.str(), re.MULTILINE)
    return [re.sub(r"test_it.py:\d+", "test_it.py", report) for report in reports]


RING = """
    async def test_it():
        forks = anyio.Lock(), anyio.Lock()

        async def philosopher(left, right):
            async with left:
                await anyio.sleep(0.01)
                async with right:
                    pass

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(philosopher, *forks)
            tasks.start_soon(philosopher, *reversed(forks))

    async def test_next():
        await anyio.sleep(0)
"""


def test_it_tells_where_all_tasks_stand_and_who_holds_what_and_the_suite_goes_on(
    pytester: pytest.Pytester,
) -> None:
    result = run(pytester, RING)

    result.assert_outcomes(failed=3, passed=3)
    reports = told(result)
    assert len(reports) == 3
    for report in reports:
        assert report.startswith("After 0.2 s, the test has not ended:\n")
        place = "waits at test_it.py, in test_it.<locals>.philosopher, for Lock"
        assert f"  task 1, philosopher, {place} 'right', held by task 2\n" in report
        assert f"  task 2, philosopher, {place} 'right', held by task 1\n" in report
        assert (
            "  they wait for one another in a ring: task 1 for task 2, task 2 for task 1\n"
            in report
        )
        assert "waits at test_it.py, in test_it, for the end of tasks 1 and 2\n" in report
        assert "TestRunner" not in report


@pytest.mark.skipif(not hasattr(signal, "SIGUSR2"), reason="Windows interrupts nothing.")
@pytest.mark.parametrize(
    "blocks",
    [
        "time.sleep(60)",
        "while True: pass",
        "with (two := socket.socketpair())[0], two[1]: two[0].recv(1)",
    ],
)
def test_code_that_blocks_the_event_loop_is_named_and_interrupted(
    pytester: pytest.Pytester, blocks: str
) -> None:
    tests = f"""
    import socket

    async def test_it():
        async def work():
            {blocks}

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work)

    async def test_next():
        await anyio.sleep(0)
    """
    result = run(pytester, tests)

    result.assert_outcomes(failed=3, passed=3)
    where = "test_it.py, in test_it.<locals>.work"
    report = f"""\
After 0.2 s, the test has not ended, and its event loop is blocked:
  a task runs at {where}, and has not awaited for 1 s or more
"""
    assert told(result) == [report] * 3


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGUSR2"), reason="Windows interrupts nothing.")
def test_each_task_that_blocks_the_event_loop_is_interrupted_and_none_in_its_clean_up(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    began, went_on, cleaned = [], [], []

    async def block():
        began.append(1)
        try:
            time.sleep(20)
            went_on.append(1)
        finally:
            time.sleep(1.5)
            cleaned.append(1)

    async def test_it():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(block)
            tasks.start_soon(block)

    def test_seen():
        assert began and not went_on and cleaned == began
    """
    result = run(pytester, tests)

    result.assert_outcomes(failed=3, passed=1)
    assert len(told(result)) == 3


def test_one_that_swallows_its_cancellation_or_raises_something_else_fails_so_too(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    @pytest.mark.parametrize("raises", [True, False])
    async def test_it(raises):
        try:
            await anyio.sleep(60)
        except BaseException:
            if raises:
                raise OSError

    async def test_again_and_again():
        while True:
            try:
                await anyio.sleep(60)
            except anyio.get_cancelled_exc_class():
                pass
    """
    result = run(pytester, tests)

    result.assert_outcomes(failed=9)
    assert len(told(result)) == 9


def test_one_that_is_shielded_or_waits_for_a_task_that_is_ends_as_well(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    async def shielded():
        with anyio.CancelScope(shield=True):
            await anyio.sleep_forever()

    async def test_it():
        await shielded()

    async def test_of_its_task():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(shielded)
    """
    result = run(pytester, tests)

    result.assert_outcomes(failed=6)
    assert len(told(result)) == 6


def test_one_whose_tasks_clean_up_for_ever_ends_as_well(pytester: pytest.Pytester) -> None:
    tests = """
    import asyncio

    async def cleans_up():
        try:
            await anyio.sleep_forever()
        finally:
            await asyncio.Event().wait()

    @pytest.mark.parametrize("anyio_backend", ["asyncio"])
    async def test_it():
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(cleans_up())
    """
    result = run(pytester, tests)

    result.assert_outcomes(failed=1)
    assert len(told(result)) == 1


def test_what_ends_in_time_is_left_alone_and_a_failure_is_its_own(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    from hypothesis import given, strategies as st

    async def test_passes():
        await anyio.sleep(0.01)

    @given(n=st.integers(0, 5))
    async def test_of_hypothesis(n):
        await anyio.sleep(0)

    async def test_fails():
        assert not "this"

    def test_sync():
        time.sleep(0.3)
    """
    result = run(pytester, tests)

    result.assert_outcomes(failed=3, passed=7)
    assert not told(result)


def test_the_marker_and_the_ini_file_say_how_long(pytester: pytest.Pytester) -> None:
    ini = "asyncio_default_fixture_loop_scope = function\naddopts = -p no:trio"
    pytester.makeini(f"[pytest]\n{ini}\nanyio_timeout = 0.1")
    tests = """
    @pytest.mark.anyio_timeout(None)
    async def test_for_ever():
        await anyio.sleep(0.3)

    @pytest.mark.anyio_timeout(60)
    async def test_long():
        await anyio.sleep(0.3)

    @pytest.mark.anyio_timeout(seconds=0.2)
    async def test_marked():
        await anyio.sleep(60)

    async def test_it():
        await anyio.sleep(60)
    """
    result = run(pytester, tests, BACKENDS)

    result.assert_outcomes(failed=6, passed=6)
    assert {report.partition(",")[0] for report in told(result)} == {"After 0.1 s", "After 0.2 s"}


@pytest.mark.parametrize("given", ["0", "-1", "soon", "inf", "nan"])
def test_an_option_that_is_no_number_of_seconds_is_refused(
    pytester: pytest.Pytester, given: str
) -> None:
    result = run(pytester, "", f"--anyio-timeout={given}")
    result.stderr.fnmatch_lines(
        f"ERROR: --anyio-timeout must be a number of seconds above 0, not '{given}'."
    )


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("'5'", "anyio_timeout takes a number of seconds, or None for no limit, not '5'."),
        ("True", "anyio_timeout must be a number of seconds above 0, not True."),
        ("", "anyio_timeout takes a number of seconds, or None for no limit, not nothing."),
        ("1, 2", "anyio_timeout takes a number of seconds, or None for no limit, not 1, 2."),
    ],
)
def test_a_marker_that_is_no_number_of_seconds_is_refused(
    pytester: pytest.Pytester, given: str, sentence: str
) -> None:
    tests = f"""
    @pytest.mark.anyio_timeout({given})
    async def test_it():
        pass
    """
    run(pytester, tests, BACKENDS).stderr.fnmatch_lines(f"ERROR: test_it.py::test_it*: {sentence}")


def test_in_virtual_time_a_deadlock_comes_first_and_hours_pass(pytester: pytest.Pytester) -> None:
    tests = """
    async def test_deadlock():
        await anyio.Event().wait()

    async def test_hours():
        await anyio.sleep(36_000)
    """
    args = "--virtual-time", "--anyio-timeout=30", "--anyio-backends=asyncio,trio"
    result = run(pytester, tests, *args)

    result.assert_outcomes(failed=2, passed=2)
    assert result.stdout.str().count("DeadlockError: At 0.0 s, nothing can ever run again:") == 2


def test_tests_of_pytest_asyncio_and_pytest_trio_are_watched(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
    pytester.makepyfile(
        """
        import asyncio, pytest, trio

        @pytest.mark.asyncio
        async def test_of_asyncio():
            lock = asyncio.Lock()
            async def work():
                async with lock:
                    await asyncio.sleep(60)
            await asyncio.gather(work(), work())

        @pytest.mark.trio
        async def test_of_trio():
            await trio.Event().wait()
        """
    )
    result = pytester.runpytest_subprocess("--anyio-timeout=0.2", "--no-leftovers")

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*, for Lock 'lock', held by task *", "*, for an Event to be set"])
    assert "The test leaves behind" not in result.stdout.str()


def test_one_that_a_debugger_has_stopped_is_left_alone(pytester: pytest.Pytester) -> None:
    tests = """
    async def test_it():
        exec("import time; time.sleep(2)", {"__name__": "pdb"})
    """
    run(pytester, tests).assert_outcomes(passed=3)


@pytest.mark.skipif(not hasattr(signal, "SIGUSR2"), reason="Windows has no such signal.")
def test_a_signal_that_the_program_uses_is_its_own(pytester: pytest.Pytester) -> None:
    tests = """
    import os, signal
    seen = []

    @pytest.fixture(autouse=True)
    def used():
        before = signal.signal(signal.SIGUSR2, lambda *_: seen.append("mine"))
        yield
        signal.signal(signal.SIGUSR2, before)

    async def test_it():
        os.kill(os.getpid(), signal.SIGUSR2)
        time.sleep(2)
        await anyio.sleep(60)

    async def test_seen():
        assert set(seen) == {"mine"}
    """
    result = run(pytester, tests)

    result.assert_outcomes(failed=3, passed=3)  # told when it goes on, and not interrupted
    assert all("its event loop is blocked" in report for report in told(result))


@pytest.mark.skipif(not hasattr(signal, "SIGUSR2"), reason="Windows has no such signal.")
def test_the_signal_is_as_before_when_a_test_has_ended(pytester: pytest.Pytester) -> None:
    run(pytester, RING)
    assert signal.getsignal(signal.SIGUSR2) is signal.SIG_DFL


@pytest.mark.parametrize("where", ["test", "task"])
def test_ctrl_c_ends_the_session_though_the_test_took_too_long(
    pytester: pytest.Pytester, apart: Apart, where: str
) -> None:
    tests = f"""
    async def interrupted():
        try:
            await anyio.sleep(60)
        finally:
            raise KeyboardInterrupt

    async def test_it():
        if "{where}" == "test":
            await interrupted()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(interrupted)
    """
    for backend in ("asyncio", "trio"):
        pytester.makepyfile(test_it=f"{HEAD}{tests}")
        options = "--anyio-timeout=0.2", f"--anyio-backends={backend}"
        result = apart(*options)
        assert "After 0.2 s, the test has not ended" not in result.stdout.str()
        assert "KeyboardInterrupt" in result.stdout.str() + result.stderr.str()
