"""A thread that never ends, because its test was cut off: the session goes on without it."""

import asyncio
import subprocess
import sys
import time

import pytest

from awaits.testing.plugin import abandoned
from tests.testing.plugin.shared import Apart

HEAD = """
    import asyncio, threading
    import pytest

    @pytest.fixture(scope="session", autouse=True)
    def events(pytestconfig):
        events = []
        yield events
        pytestconfig.add_cleanup(lambda: [it.set() for it in events])  # when all is told

    def waits(event):
        event.wait()
"""
HANGS = """
    @pytest.mark.%s
    async def test_it(events):
        events.append(threading.Event())
        await asyncio.get_running_loop().run_in_executor(None, waits, events[0])

    @pytest.mark.%s
    async def test_next():
        await asyncio.to_thread(int)
"""
CUT_OFF = """
    @pytest.mark.%s
    async def test_it(events):
        events.append(threading.Event())
        thread = asyncio.get_running_loop().run_in_executor(None, waits, events[-1])
        await asyncio.sleep(0.01)
        events.pop().set()
        await thread
"""
TOLD = (
    "thread asyncio_*, at test_it.py:*, in waits, does not end, and Python waits for it before it "
    "exits"
)


@pytest.mark.parametrize("mark", ["anyio", "asyncio"])
@pytest.mark.parametrize(
    ("test", "args", "outcomes"),
    [
        (HANGS % ("{0}", "{0}"), ["--anyio-timeout=0.5"], {"failed": 1, "passed": 1}),
        (CUT_OFF % "{0}", ["--explore-cancel", "--virtual-time"], {"passed": 1}),
        (CUT_OFF % "{0}", ["--explore-cancel"], {"passed": 1}),
    ],
    ids=["took too long", "cancelled in virtual time", "cancelled"],
)
def test_the_session_goes_on_and_names_it(
    pytester: pytest.Pytester,
    apart: Apart,
    test: str,
    args: list[str],
    outcomes: dict[str, int],
    mark: str,
) -> None:
    pytester.makepyfile(test_it=HEAD + test.format(mark))
    result = apart("-p", mark, "--anyio-backends=asyncio", *args)

    result.assert_outcomes(**outcomes)
    result.stdout.fnmatch_lines(TOLD)


@pytest.mark.parametrize("processes", [[], ["-n1"]])
def test_one_of_a_pool_of_the_programs_own_is_named_as_well(
    pytester: pytest.Pytester, processes: list[str]
) -> None:
    pool = """
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(9, "of")
    """
    test = CUT_OFF.replace("None, waits", "pool, waits") % "anyio"
    pytester.makepyfile(test_it=HEAD + pool + test)
    result = pytester.runpytest_subprocess(
        "--anyio-backends=asyncio", "--explore-cancel", "--virtual-time", *processes
    )

    told = TOLD.replace("asyncio", "of")
    (result.stdout.no_fnmatch_line if processes else result.stdout.fnmatch_lines)(told)


def test_those_that_stand_at_one_place_are_named_in_one_line(
    pytester: pytest.Pytester, apart: Apart
) -> None:
    pytester.makepyfile(
        test_it=HEAD
        + """
    @pytest.mark.anyio
    async def test_it(events):
        for number in range(3):
            events.append(threading.Event())
            threading.Thread(target=waits, args=[events[-1]], name=f"of_{number}").start()
    """
    )
    result = apart("--anyio-backends=asyncio", "--anyio-timeout=60")

    result.assert_outcomes(passed=1)
    told = "thread of_0 and 2 more, at test_it.py:11, in waits, do not end, and Python waits for "
    assert [line for line in result.outlines if line.startswith("thread ")] == [
        f"{told}them before it exits"
    ]


def test_one_that_ends_in_time_is_not_named(pytester: pytest.Pytester, apart: Apart) -> None:
    pytester.makepyfile(
        test_it="""
        import asyncio, time
        import pytest

        @pytest.mark.anyio
        async def test_it():
            await asyncio.to_thread(time.sleep, 0.01)
    """
    )
    result = apart("--anyio-backends=asyncio", "--explore-cancel")

    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("thread *")


def test_one_that_has_ended_meanwhile_is_not_named(pytester: pytest.Pytester, apart: Apart) -> None:
    ends = """
    @pytest.mark.anyio
    def test_ends(events):
        events[0].set()
        for thread in threading.enumerate():
            while thread.name.startswith("asyncio_") and thread.is_alive() and waiting:
                pass
    """
    tests = HEAD.replace("event.wait()", "event.wait()\n        waiting.clear()") + (
        "\n    waiting = [1]\n" + HANGS % ("anyio", "anyio") + ends
    )
    pytester.makepyfile(test_it=tests)
    result = apart("--anyio-backends=asyncio", "--anyio-timeout=0.5")

    assert result.parseoutcomes()["failed"] == 1
    result.stdout.no_fnmatch_line("thread *")


@pytest.mark.parametrize(
    "thread",
    [
        "threading.Thread(target=threading.Event().wait, daemon=True).start()",
        "pool.submit(int).result()",
    ],
    ids=["a daemon", "one that has no work"],
)
def test_one_for_which_python_does_not_wait_is_not_named(
    pytester: pytest.Pytester, apart: Apart, thread: str
) -> None:
    pytester.makeconftest("""
        import threading

        ends = threading.Event()

        def pytest_configure():
            threading.Thread(target=ends.wait).start()  # older than the tests

        def pytest_unconfigure():
            ends.set()
    """)
    pytester.makepyfile(f"""
        import asyncio, threading
        from concurrent.futures import ThreadPoolExecutor
        import pytest

        pool = ThreadPoolExecutor()

        @pytest.mark.anyio
        async def test_it():
            {thread}
            await asyncio.sleep(0)
    """)
    result = apart("--anyio-backends=asyncio", "--anyio-timeout=60")

    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("thread *")


def test_one_that_is_about_to_end_is_not_named(pytester: pytest.Pytester, apart: Apart) -> None:
    pytester.makeconftest("""
        import threading
        import pytest

        ends = threading.Event()

        @pytest.hookimpl(tryfirst=True)
        def pytest_terminal_summary():
            ends.set()
    """)
    pytester.makepyfile("""
        import asyncio, threading
        import pytest
        from conftest import ends

        @pytest.mark.anyio
        async def test_it():
            threading.Thread(target=ends.wait).start()
            await asyncio.sleep(0)
    """)
    result = apart("--anyio-backends=asyncio", "--anyio-timeout=60")

    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("thread *")


def test_all_is_told_before_python_waits_for_it(pytester: pytest.Pytester) -> None:
    never = HEAD.replace("pytestconfig.add_cleanup", "print")
    pytester.makepyfile(test_it=never + HANGS % ("anyio", "anyio"))
    command = [sys.executable, "-m", "pytest", "--anyio-backends=asyncio", "--anyio-timeout=0.5"]
    with subprocess.Popen(command, cwd=pytester.path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert any(" 1 failed, 1 passed in " in line for line in process.stdout)
        process.kill()  # it waits for the thread


def test_a_function_that_a_test_has_replaced_is_not_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: float) -> None:
        raise AssertionError

    async def main() -> None:
        await asyncio.to_thread(int)  # so that there is a thread
        with monkeypatch.context() as patches:
            patches.setattr(time, "sleep", refuse)
            abandoned.abandon_threads()

    asyncio.run(main())
