"""`pytest --explore-cancel`: each test, as it stands, cancelled at each of its awaits."""

import itertools
from types import SimpleNamespace

import pytest

from awaits.testing.leftovers import watch
from tests.testing.plugin.cancel import BOTH, PROGRAM, cancel, one

FAULTS = {
    "leaves a socket": (
        "await program.three_awaits()",
        [
            "When it is cancelled at await 2, the test leaves behind:",
            "  socket ('0.0.0.0', 0), made at program.py:4, in forgets",
            "To allow one: @pytest.mark.no_leftovers(allow='socket [*], in forgets'), or *",
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
    "hangs in a line of the test": (
        """
        event = anyio.Event()
        try:
            await anyio.sleep(1)
            event.set()
        finally:
            with anyio.CancelScope(shield=True):
                await event.wait()
        """,
        ["*await event.wait()", "E * At 0.0 s, nothing can ever run again:"],
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


def test_the_awaits_up_to_the_fault_are_counted(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(program=PROGRAM)
    result = cancel(pytester, one("await anyio.sleep(1)\n        await program.three_awaits()"))

    result.stdout.fnmatch_lines(
        ["When it is cancelled at await 3, *", "cancelled: 2 tests, at 6 *"]
    )


def test_an_await_at_which_a_test_raises_something_else_is_counted(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(program=PROGRAM)
    result = cancel(pytester, one("await program.complains()"))

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*(Schedule(cancel=1))", "cancelled: 2 tests, at 2 awaits *"])


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
    "checks by pytest's own methods what it would have raised": """
        with pytest.raises(BaseException) as raised:
            await anyio.sleep(1)
            raise ValueError("it has slept")
        raised.match("it has slept")
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
    result.stdout.no_fnmatch_line("*traceback entries are hidden*")


def test_one_that_does_not_undo_what_it_did_is_named(pytester: pytest.Pytester) -> None:
    result = cancel(
        pytester,
        """
    files = set()

    async def test_it():
        files.add("mine")
        assert len(files) == 1
        files.add("another")
        await anyio.sleep(1)
        files.clear()
""",
    )

    result.assert_outcomes(passed=1, failed=1)  # on trio it finds what is left
    result.stdout.fnmatch_lines(
        [
            "  *::test_it?asyncio? fails when it runs again after it was cancelled: what it or *",
            "    AssertionError: assert 2 == 1 + where 2 = len({'*'})",
            "    What Schedule(cancel=1) did: cancelled at await 1 of *, test_it.py:12, at 0.0 s",
        ]
    )
    result.stdout.no_fnmatch_line("*cannot run twice*")


def test_one_that_fails_by_itself_is_told_who_was_cut_off_before(
    pytester: pytest.Pytester,
) -> None:
    result = cancel(
        pytester,
        """
    files = []

    async def test_cut_off():
        files.append("mine")
        await anyio.sleep(1)
        files.pop()

    @pytest.mark.real_time
    def test_innocent():
        assert not files
""",
        "--anyio-backends=asyncio",
        "--explore-cancel",
    )

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["-* cancelled tests -*", "1 test was cancelled on the way before *"]
    )


def test_each_that_was_cancelled_before_counts_once_and_none_is_told_where_it_is_cancelled(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    async def test_awaits_nothing():
        pass

    async def test_is_cut_off():
        await anyio.sleep(1)

    async def test_forgets():
        await program.three_awaits()

    @pytest.mark.real_time  # so that it comes last
    def test_fails():
        assert not "this"
    """
    result = cancel(pytester, tests, "--anyio-backends=asyncio", "--explore-cancel")

    result.assert_outcomes(passed=2, failed=2)
    assert result.stdout.str().count(" cancelled tests ") == 1
    result.stdout.fnmatch_lines(["-* cancelled tests -*", "2 tests were cancelled on the way *"])


def test_one_that_cannot_run_after_it_was_cancelled_says_so_in_a_replay_too(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    locked = set()

    @pytest.fixture
    def database(anyio_backend_name):
        if anyio_backend_name in locked:
            raise OSError("locked")
        yield
        if anyio_backend_name in locked:
            raise OSError("locked")

    async def test_unlocks_it_at_its_end(database, anyio_backend_name):
        locked.add(anyio_backend_name)
        await anyio.sleep(1)
        locked.remove(anyio_backend_name)
    """
    option = "--explore=Schedule(cancel=1)"
    result = cancel(pytester, tests, "--anyio-backends=asyncio,trio", option)

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        [
            "  *[[]trio] fails when it runs again after it was cancelled: *",
            "    OSError: locked",
            "    What Schedule(cancel=1) did: cancelled at await 1 of *",
        ]
    )
    result.stdout.no_fnmatch_line("*is not explored*")


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
    monkeypatch.setattr(watch, "real", SimpleNamespace(seconds=lambda: next(seconds)))
    monkeypatch.setattr(watch, "Event", lambda: SimpleNamespace(wait=waited.append))
    result = cancel(pytester, tests, "--anyio-backends=asyncio", "--explore-cancel")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines("cancelled: 1 test, at 5 awaits in all")
    assert len(waited) == 1  # when nothing was cancelled
