"""`pytest --explore-cancel`: each test, as it stands, cancelled at each of its awaits."""

import itertools
import json
import threading
from types import SimpleNamespace

import pytest

from awaits.testing.leftovers import watch
from tests.testing.plugin.shared import FORGETFUL

# The program stands in a module of its own: what a test's function raises is the test's.
PROGRAM = f"""{FORGETFUL}
    async def three_awaits():
        await closes()
        await forgets()
        await closes()

    async def in_two_tasks(work):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work)
            tasks.start_soon(work)

    class Client:
        def __init__(self, forgets):
            self.forgets = forgets

        async def __aenter__(self):
            self.mine = socket.socket()
            return self

        async def __aexit__(self, *exc):
            if not (self.forgets and exc[0]):
                self.mine.close()

        async def ask(self):
            await anyio.sleep(1)

    async def complains():
        try:
            await anyio.sleep(1)
        except anyio.get_cancelled_exc_class():
            raise RuntimeError("not now")

    async def hangs():
        try:
            await anyio.sleep(1)
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):
                await anyio.Event().wait()

    async def keeps(kept):
        kept.append(socket.socket())
        await anyio.sleep(1)

    async def shields():
        with anyio.CancelScope(shield=True):
            await anyio.sleep(1)
"""

HEAD = """
    import anyio, pytest, socket
    import program

    pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]
"""

BOTH = "--anyio-backends=asyncio,trio"


def cancel(pytester: pytest.Pytester, tests: str, *args: str) -> pytest.RunResult:
    pytester.makepyfile(program=PROGRAM, test_it=HEAD + tests)
    as_ever = ["-W", "default", "-W", "ignore::ResourceWarning"]  # errors, where we run
    return pytester.runpytest("--strict-markers", *as_ever, *(args or (BOTH, "--explore-cancel")))


def one(body: str) -> str:
    return f"\n    async def test_it():\n        {body}\n"


FAULTS = {
    "leaves a socket": (
        "await program.three_awaits()",
        [
            "When it is cancelled at await 2, the test leaves behind:",
            "  socket ('0.0.0.0', 0), made at program.py:4, in forgets",
            "It replays with: @pytest.mark.explore(Schedule(cancel=2))",
        ],
    ),
    "leaves a socket in a task": (
        "await program.in_two_tasks(program.forgets)",
        ["  socket ('0.0.0.0', 0), made at program.py:4, in forgets"],
    ),
    "leaves a socket in a with block": (
        "async with program.Client(forgets=True) as client:\n            await client.ask()",
        ["  socket ('0.0.0.0', 0), made at program.py:*, in Client.__aenter__"],
    ),
    "raises something else": (
        "await program.complains()",
        ["E * RuntimeError: not now", "What Schedule(cancel=1) did:"],
    ),
    "hangs": (
        "await program.hangs()",
        [
            "E * At 0.0 s, nothing can ever run again:",
            "*at program.py:*, in hangs, for an Event to be set",
        ],
    ),
}


@pytest.mark.parametrize(("body", "lines"), FAULTS.values(), ids=FAULTS)
def test_a_fault_of_the_program_is_found_and_replays(
    pytester: pytest.Pytester, body: str, lines: list[str]
) -> None:
    pytester.makepyfile(program=PROGRAM)
    result = cancel(pytester, one(body))

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(lines)
    result.stdout.fnmatch_lines(["cancelled: 2 tests, at * awaits in all"])


def test_the_debugger_begins_once_for_a_fault(pytester: pytest.Pytester) -> None:
    debugger = """
        import pdb

        class Debugger(pdb.Pdb):
            def interaction(self, frame, traceback): print("pdb begins")
    """
    pytester.makepyfile(debugger=debugger)
    pytester.syspathinsert()
    args = [BOTH, "--explore-cancel", "--pdb", "--pdbcls=debugger:Debugger"]
    result = cancel(pytester, one("await program.complains()"), *args)

    result.assert_outcomes(failed=2)
    assert result.stdout.str().count("pdb begins") == 2


FINE = {
    "ends": "await program.closes()",
    "shields itself": "await program.shields()",
    "closes in a with block": (
        "async with program.Client(forgets=False) as client: await client.ask()"
    ),
    "waits for an error": """
        with pytest.raises(TimeoutError), anyio.fail_after(1):
            await anyio.sleep_forever()
    """,
    "asserts in the end": """
        done = False
        try:
            await anyio.sleep(1)
            done = True
        finally:
            assert done
    """,
    "needs what is not there yet": """
        try:
            await anyio.sleep(1)
            answer = 1
        finally:
            answer.bit_length()
    """,
    "catches its cancellation": """
        try:
            await anyio.sleep(1)
        except anyio.get_cancelled_exc_class():
            with anyio.move_on_after(1, shield=True):
                await anyio.sleep(2)
            raise
    """,
    "waits for an error in a group": """
        with pytest.raises(ExceptionGroup):
            async with anyio.create_task_group() as tasks:
                with anyio.CancelScope() as scope, anyio.CancelScope(shield=True):
                    tasks.start_soon(anyio.sleep, 2)
                    with anyio.fail_after(1):
                        await anyio.sleep(3)
    """,
    "uses what is closed then": """
        send, receive = anyio.create_memory_object_stream(1)
        async with receive:
            try:
                await anyio.sleep(1)
            finally:
                receive.close()
                send.send_nowait(1) if not anyio.current_time() else send.close()
    """,
    "bears no cancel scope around it": """
        scopes = anyio.CancelScope(), anyio.CancelScope()
        scopes[0].__enter__()
        scopes[1].__enter__()
        pytest.raises(RuntimeError, scopes[0].__exit__, None, None, None)
        await anyio.sleep(1)
    """,
    "closes no stream, and warnings are errors": """
        streams = anyio.create_memory_object_stream(1)
        await anyio.sleep(1)
        for stream in streams:
            stream.close()
    """,
    "closes nothing itself": """
        mine = socket.socket()
        client = program.Client(forgets=False)
        await client.__aenter__()
        await anyio.sleep(1)
        mine.close()
        await client.__aexit__()
    """,
    "leaves something anyway": """
        kept = []
        await program.keeps(kept)
    """,
}


@pytest.mark.parametrize("body", FINE.values(), ids=FINE)
def test_what_the_test_itself_does_when_it_is_cut_off_is_no_fault(
    pytester: pytest.Pytester, body: str
) -> None:
    # Where warnings are errors, a test must not leave anything anyway.
    strict = [] if "kept" in body else [BOTH, "--explore-cancel", "-W", "error"]
    cancel(pytester, one(body), *strict).assert_outcomes(passed=2)


def test_a_test_is_cancelled_at_each_of_its_awaits(pytester: pytest.Pytester) -> None:
    result = cancel(
        pytester,
        """
    at = []

    async def test_it(anyio_backend_name):
        step = 0
        try:
            for step in range(5):
                await anyio.sleep(1)
            step = "the end"
        finally:
            at.append(step)

    @pytest.mark.real_time
    def test_all():
        once = ["the end", 0, 1, 2, 3, 4, "the end"]
        assert at == 2 * ["the end", *once]
""",
        BOTH,
        "--explore-cancel",
        "-p",
        "no:randomly",
    )

    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["cancelled: 2 tests, at 10 awaits in all"])


def test_fixtures_are_set_up_anew_and_may_close_what_the_test_made(
    pytester: pytest.Pytester,
) -> None:
    result = cancel(
        pytester,
        """
    @pytest.fixture
    async def closing():
        kept = []
        yield kept
        while kept:
            kept.pop().close()

    async def keep(kept, n):
        for _ in range(n):
            kept.append(socket.socket())
        await anyio.sleep(1)

    async def test_closed(closing):
        await keep(closing, 2)

    async def test_left(closing):
        await program.three_awaits()
""",
    )

    result.assert_outcomes(passed=4, errors=2)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_left*", "  socket *, in forgets"])


def test_the_line_that_was_printed_replays_it(pytester: pytest.Pytester) -> None:
    marker = """
    from awaits.testing import Schedule

    @pytest.mark.explore(Schedule(cancel=2))
    async def test_it():
        await program.three_awaits()

    @pytest.mark.explore(Schedule(cancel=1))
    async def test_other():
        await program.three_awaits()
"""
    result = cancel(pytester, marker, BOTH)
    result.assert_outcomes(failed=2, passed=2)

    result = cancel(
        pytester, one("await program.three_awaits()"), BOTH, "--explore=Schedule(cancel=2)"
    )
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines("explored: 2 tests, 2 orders, *")


def test_the_last_failure_comes_first_the_next_time(pytester: pytest.Pytester) -> None:
    tests = one("await program.three_awaits()")
    cancel(pytester, tests)
    kept = pytester.path / ".pytest_cache/v/awaits/explore"
    assert set(json.loads(kept.read_text()).values()) == {"Schedule(cancel=2)"}
    result = cancel(pytester, tests)

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["cancelled: 2 tests, at 2 awaits in all"])


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (["--explore-cancel=1"], "cancelled: 1 test, at 1 await in all"),
        (["--explore-cancel"], "cancelled: 1 test, at 3 awaits in all"),
        (["-o", "explore_cancel=2"], "cancelled: 1 test, at 2 awaits in all"),
        (["--explore=9"], "explored: 1 test, 1 order, 1 distinct"),
    ],
)
def test_the_option_and_its_twin_say_at_how_many_awaits(
    pytester: pytest.Pytester, args: list[str], line: str
) -> None:
    body = "for _ in range(3): await program.closes()"
    result = cancel(pytester, one(body), "--anyio-backends=asyncio", *args)

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([line])


def test_a_wrong_number_is_refused(pytester: pytest.Pytester) -> None:
    result = cancel(pytester, one("pass"), "--explore-cancel=no")

    result.stderr.fnmatch_lines(
        ["*--explore-cancel must be a whole number of at least 1, not 'no'*"]
    )


def test_a_test_may_be_kept_out(pytester: pytest.Pytester) -> None:
    kept_out = "\n    @pytest.mark.explore(False)" + one("await program.forgets()")
    cancel(pytester, kept_out).assert_outcomes(passed=2)


@pytest.mark.parametrize("may_stay", ["False", "allow='socket *'"])
def test_what_may_stay_may_stay_here_too(pytester: pytest.Pytester, may_stay: str) -> None:
    allowed = f"\n    @pytest.mark.no_leftovers({may_stay})" + one("await program.forgets()")
    cancel(pytester, allowed).assert_outcomes(passed=2)


def test_no_time_is_lost_for_a_thread_that_the_test_leaves_anyway(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    tests = """
    import threading

    @pytest.fixture(scope="module")
    def event():
        event = threading.Event()
        yield event
        event.set()

    async def test_it(event):
        threading.Thread(target=event.wait, daemon=True).start()
        for _ in range(5):
            await anyio.sleep(0)
    """
    waited: list[object] = []
    seconds = itertools.count(step=0.5)  # so that it waits once for a thread
    fake = SimpleNamespace(monotonic=lambda: next(seconds))
    monkeypatch.setattr(watch, "time", fake)

    def join(thread: threading.Thread, _seconds: float | None = None) -> None:
        waited.append(thread)

    monkeypatch.setattr(threading.Thread, "join", join)
    result = cancel(pytester, tests, "--anyio-backends=asyncio", "--explore-cancel")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines("cancelled: 1 test, at 5 awaits in all")
    assert len(waited) == 1  # when nothing was cancelled


def test_ctrl_c_in_a_test_that_is_cancelled_ends_the_session(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import anyio, pytest
        pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

        async def test_it():
            try:
                await anyio.sleep(1)
            except anyio.get_cancelled_exc_class():
                raise KeyboardInterrupt

        async def test_next():
            await anyio.sleep(1)
        """
    )
    for backend in ("asyncio", "trio"):
        options = "--explore-cancel", f"--anyio-backends={backend}"
        result = pytester.runpytest_subprocess(*options)
        assert result.ret == pytest.ExitCode.INTERRUPTED


def test_ctrl_c_is_not_taken_for_the_cancellation(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import asyncio, pytest, signal
        pytestmark = pytest.mark.asyncio

        async def test_it():
            try:
                await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                signal.raise_signal(signal.SIGINT)  # which asyncio has cancel the task
                await asyncio.sleep(60)

        async def test_next():
            await asyncio.sleep(0.01)
        """
    )
    result = pytester.runpytest_subprocess("--explore-cancel")
    assert result.ret == pytest.ExitCode.INTERRUPTED
