"""A test in virtual time whose time ran ahead of a process or a thread: its report says so."""

import subprocess

import pytest

from tests.testing.plugin.shared import HEAD, Apart, run_tests

TITLE = "-* virtual time -*"
MOVED = "Time moved to 5 s, and did not wait for what is outside of the event loop:"
ADVICE = "If the test waits for one of them, *@pytest.mark.virtual_time(idle=0.5)*"

FAILING = {
    "a process": (
        """
    import sys

    async def test_it():
        with anyio.fail_after(5):
            await anyio.run_process([sys.executable, "-c", "import time\\ntime.sleep(1)"])
""",
        "  process python* -c import time time.sleep(1)*",
    ),
    "a process of a program in a deep folder": (
        """
    import sys

    async def test_it(tmp_path):
        python = tmp_path / (80 * "d") / "python"
        python.parent.mkdir()
        python.symlink_to(sys.executable)
        with anyio.fail_after(5):
            await anyio.run_process([python, "-c", "import time; time.sleep(1)"])
""",
        "  process python -c import time; *",
    ),
    "a pool of processes": (
        """
    async def test_it():
        with anyio.fail_after(5):
            await anyio.to_process.run_sync(time.sleep, 1, cancellable=True)
""",
        "  process python* -u -m anyio.to_process*",
    ),
    "a thread": (
        """
    import threading
    ended = threading.Event()

    @pytest.fixture(autouse=True, scope="module")
    def end_it():
        yield
        ended.set()

    async def test_it():
        answered = anyio.Event()

        def serve():
            while not ended.is_set():
                time.sleep(0.01)

        threading.Thread(target=serve, name="server", daemon=True).start()
        with anyio.fail_after(5):
            await answered.wait()
""",
        "  thread server, at test_*.py:*, in test_it.<locals>.serve",
    ),
    "a thread that has ended meanwhile": (
        """
    import threading

    async def test_it():
        answers = []
        timer = threading.Timer(0.1, answers.append, [42])
        timer.start()
        await anyio.sleep(5)
        before = answers.copy()
        timer.join()
        assert before == [42]
""",
        "  thread *, made at test_*.py:*, in test_it",
    ),
}


@pytest.mark.parametrize(("test", "line"), FAILING.values(), ids=FAILING)
def test_the_report_names_what_time_did_not_wait_for(
    pytester: pytest.Pytester, apart: Apart, test: str, line: str
) -> None:
    # In a process of its own, which ends what anyio leaves: later tests would wait for it.
    pytester.makepyfile(HEAD + test)
    result = apart("--virtual-time", "--anyio-backends=asyncio,trio")

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(2 * [TITLE, MOVED, line, ADVICE])


def test_a_process_of_a_wider_fixture_is_named_as_long_as_it_runs(
    pytester: pytest.Pytester,
) -> None:
    result = run_tests(
        pytester,
        """
    import subprocess, sys

    @pytest.fixture(scope="module")
    def server():
        with subprocess.Popen([sys.executable, "-c", "input('server')"], stdin=-1, stdout=-1) as it:
            yield it
            it.communicate(b"")

    async def test_first(server):
        await anyio.sleep(5)

    async def test_second(server):
        with anyio.fail_after(5):
            await anyio.sleep_forever()

    async def test_third():
        subprocess.run([sys.executable, "--version"], check=True)
        await anyio.sleep(5)
""",
        "--virtual-time",
        "--anyio-backends=asyncio",
    )

    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines([TITLE, "  process python* -c input('server'), made at *"])


QUIET = {
    "no timeout": """
    async def test_it():
        subprocess.run([sys.executable, "--version"], check=True)
        await anyio.sleep(5)
        assert not "this"
""",
    "nothing beside": """
    async def test_it():
        with anyio.fail_after(5):
            await anyio.sleep_forever()
""",
    "a thread that waits for another": """
    import threading

    async def test_it(pytestconfig):
        ended = threading.Event()
        pytestconfig.add_cleanup(ended.set)
        threading.Thread(target=ended.wait, daemon=True).start()
        with anyio.fail_after(5):
            await anyio.sleep_forever()
""",
    "a thread without work, whose queue waits in C": """
    import queue, threading

    async def test_it(pytestconfig):
        jobs = queue.SimpleQueue()
        pytestconfig.add_cleanup(lambda: jobs.put(None))

        def serve():
            while (job := jobs.get()) is not None:
                job()

        threading.Thread(target=serve, daemon=True).start()
        with anyio.fail_after(5):
            await anyio.sleep_forever()
""",
    "a worker for which time has waited": """
    import asyncio

    @pytest.mark.parametrize("anyio_backend", ["asyncio"])
    @pytest.mark.parametrize("n", [1, 2])
    async def test_it(anyio_backend, n):
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, int)
        await loop.shutdown_default_executor()
        await anyio.sleep(5)
        assert not "this"
""",
    "a process that has ended, of another test": """
    async def test_first():
        subprocess.run([sys.executable, "--version"], check=True)

    async def test_it():
        with anyio.fail_after(5):
            await anyio.sleep_forever()
""",
    "no time": """
    async def test_it():
        subprocess.run([sys.executable, "--version"], check=True)
        raise TimeoutError
""",
    "real time": """
    @pytest.mark.real_time
    async def test_it():
        subprocess.run([sys.executable, "--version"], check=True)
        raise TimeoutError
""",
}


@pytest.mark.parametrize("test", QUIET.values(), ids=QUIET)
def test_a_failure_that_does_not_come_from_there_is_left_alone(
    pytester: pytest.Pytester, test: str
) -> None:
    result = run_tests(
        pytester,
        f"    import subprocess, sys\n{test}",
        "--virtual-time",
        "--anyio-backends=asyncio,trio",
    )

    assert result.parseoutcomes()["failed"] == 2
    result.stdout.no_fnmatch_line(MOVED.replace("5 s", "*"))


def test_processes_are_left_alone_afterwards(pytester: pytest.Pytester) -> None:
    before = subprocess.Popen.__init__
    run_tests(pytester, QUIET["no timeout"], "--virtual-time", "--anyio-backends=asyncio")
    assert subprocess.Popen.__init__ is before


def test_a_thread_is_named_beside_no_leftovers_too(pytester: pytest.Pytester) -> None:
    test, line = FAILING["a thread that has ended meanwhile"]
    pytester.makepyfile(HEAD + test)
    options = "--virtual-time", "--no-leftovers", "--anyio-backends=asyncio,trio"
    result = pytester.runpytest("-p", "no:cacheprovider", *options)

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(2 * [line])


def test_a_process_that_is_no_key_may_be_started(pytester: pytest.Pytester) -> None:
    tests = """
    import subprocess, sys

    class Equal(subprocess.Popen):
        def __eq__(self, other):
            return True

    async def test_it():
        assert Equal([sys.executable, "--version"]).wait() == 0
        await anyio.sleep(5)
    """
    options = "--virtual-time", "--no-leftovers", "--anyio-backends=asyncio,trio"
    run_tests(pytester, tests, *options).assert_outcomes(passed=2)


def test_nothing_that_blocks_is_called_where_a_test_starts_a_process(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    import os, sys

    @pytest.fixture
    def no_blocking(monkeypatch):  # as blockbuster has it
        def getcwd():
            raise AssertionError("it blocks the event loop")

        with monkeypatch.context() as patch:
            patch.setattr(os, "getcwd", getcwd)
            yield

    async def test_it(no_blocking):
        await anyio.run_process([sys.executable, "-c", ""])
"""
    result = run_tests(pytester, tests, "--virtual-time", "--anyio-backends=asyncio,trio")
    result.assert_outcomes(passed=2)
