"""Virtual time beside a thread that a module of tests begins as it is imported."""

import pytest

from tests.testing.plugin.shared import HEAD


def test_a_thread_that_is_older_than_all_tests_may_wake_one(pytester: pytest.Pytester) -> None:
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
    result = pytester.runpytest_subprocess("--virtual-time", "--anyio-backends=asyncio,trio")

    result.assert_outcomes(passed=2)
