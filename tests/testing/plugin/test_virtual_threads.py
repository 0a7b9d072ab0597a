"""Virtual time beside threads: one that a module begins, and one that a timeout is to cut off."""

import math
import threading
import time

import pytest

from awaits.testing.loops import timekeeper
from awaits.testing.loops.oldest import OLDEST
from tests.testing.plugin.shared import HEAD, Apart, run_tests


def test_a_thread_that_is_older_than_all_tests_may_wake_one(
    pytester: pytest.Pytester, apart: Apart
) -> None:
    # In a process of its own, where the kit has not looked at threads before.
    pytester.makepyfile(
        HEAD
        + """
    import queue, threading
    jobs = queue.Queue()

    def serve():
        while job := jobs.get():
            time.sleep(0.05)
            job()

    thread = threading.Thread(target=serve)
    thread.start()

    @pytest.fixture(autouse=True, scope="module")
    def ended():
        yield
        jobs.put(None)
        thread.join()

    async def test_it():
        answered, token = anyio.Event(), anyio.lowlevel.current_token()
        jobs.put(lambda: anyio.from_thread.run_sync(answered.set, token=token))
        await answered.wait()
        assert anyio.current_time() == 0.0
"""
    )
    result = apart("--virtual-time", "--anyio-backends=asyncio,trio")

    result.assert_outcomes(passed=2)


WORKS = """
    async def test_it():
        with pytest.raises(TimeoutError), anyio.fail_after(0.1):
            await anyio.to_thread.run_sync(time.sleep, 0.5, abandon_on_cancel=True)
"""


def test_a_failure_tells_that_time_stood_still_for_a_thread(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timekeeper, "SECONDS_BETWEEN_LOOKS", math.inf)  # on a busy machine, too
    result = run_tests(pytester, WORKS, "--virtual-time", "--anyio-backends=asyncio,trio")

    result.assert_outcomes(failed=2)
    told = "Time stood still at 0 s for * real seconds, while a thread was at work: *"
    result.stdout.fnmatch_lines(2 * ["-* virtual time -*", told])


def test_where_time_stood_still_is_told_though_it_has_moved_since(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timekeeper, "SECONDS_BETWEEN_LOOKS", math.inf)
    tests = """
    async def test_it():
        await anyio.to_thread.run_sync(time.sleep, 0.5)
        await anyio.sleep(7)
        assert not "this"
    """
    result = run_tests(pytester, tests, "--virtual-time", "--anyio-backends=asyncio,trio")
    result.stdout.fnmatch_lines("Time stood still at 0 s for *")
    result.stdout.no_fnmatch_line("Time stood still at 7 s for *")


def test_nothing_is_told_where_no_thread_held_it(pytester: pytest.Pytester) -> None:
    tests = (
        WORKS
        + """
    async def test_other():
        await anyio.sleep(1)
        assert not "this"
"""
    )
    result = run_tests(pytester, tests, "--virtual-time", "-v")

    result.assert_outcomes(failed=4)
    told = [line for line in result.outlines if line.startswith(("Time stood still", "____"))]
    assert [line.split()[0 if line[0] == "T" else 1][:8] for line in told] == [
        *("test_it[", "Time", "test_oth"),
        *("test_it[", "Time", "test_oth"),
    ]


def test_a_thread_that_was_there_before_pytest_began_is_not_waited_for(
    pytester: pytest.Pytester,
) -> None:
    is_over = threading.Event()

    def beat() -> None:
        while not is_over.is_set():
            time.sleep(0.001)

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        result = run_tests(
            pytester,
            """
    async def test_it():
        await anyio.sleep_forever()
""",
            "--virtual-time",
            "--anyio-backends=asyncio,trio",
        )
    finally:
        is_over.set()
        thread.join()
    assert thread in OLDEST
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(2 * ["E * At 0.0 s, nothing can ever run again:"])


def test_a_thread_that_a_plugin_starts_before_the_tests_is_none_of_theirs(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeconftest(
        """
        import threading, pytest

        @pytest.hookimpl(trylast=True)
        def pytest_configure():
            threading.Thread(target=threading.Event().wait, name="plugin's", daemon=True).start()
        """
    )
    pytester.makepyfile(
        """
        from awaits.testing.loops.oldest import OLDEST

        def test_it():
            assert "plugin's" in {thread.name for thread in OLDEST}
        """
    )
    pytester.runpytest().assert_outcomes(passed=1)
