"""`--explore-cancel`: a program that swallows its cancellation, or stays in what it has entered."""

import pytest

PROGRAM = """
import anyio, asyncio, contextlib

async def swallows():
    try:
        await anyio.sleep(1)
    except BaseException:
        pass

async def tries_again():
    for _ in range(3):
        try:
            return await anyio.sleep(1)
        except BaseException:
            continue

async def goes_on():
    await swallows()
    await anyio.sleep(1)

async def shields():
    with anyio.CancelScope(shield=True):
        await anyio.sleep(1)

async def gives_up():
    with anyio.move_on_after(0.5):
        await anyio.sleep(1)

async def in_a_thread():
    await anyio.to_thread.run_sync(len, "")

class Quiet:
    def __enter__(self): pass
    def __exit__(self, *exc): return True

class Client:
    async def __aenter__(self):
        self.tasks = anyio.create_task_group()
        await self.tasks.__aenter__()
        await anyio.sleep(1)  # if this is cancelled, nobody calls __aexit__

    async def __aexit__(self, *exc):
        return await self.tasks.__aexit__(*exc)

async def ends_its_task():
    task = asyncio.ensure_future(asyncio.Event().wait())
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
"""
TESTS = """
import contextlib, program, pytest

pytestmark = [pytest.mark.{mark}, pytest.mark.virtual_time]

async def test_it():
    {body}
"""


def cancel(
    pytester: pytest.Pytester, body: str, mark: str = "anyio", backends: str = "asyncio,trio"
) -> pytest.RunResult:
    pytester.makepyfile(program=PROGRAM, test_it=TESTS.format(mark=mark, body=body))
    return pytester.runpytest(f"--anyio-backends={backends}", "--explore-cancel")


@pytest.mark.parametrize(
    ("call", "where"),
    [("swallows", "program.py:5, in swallows"), ("tries_again", "program.py:12, in tries_again")],
)
def test_a_program_that_swallows_it_fails(pytester: pytest.Pytester, call: str, where: str) -> None:
    result = cancel(pytester, f"await program.{call}()")

    result.assert_outcomes(failed=2)
    told = (
        f"When it is cancelled at await 1, the test goes on to its end: {where}, or what has "
        "called it, swallows the cancellation; let it raise that again."
    )
    result.stdout.fnmatch_lines(
        2 * [told, "It replays with: @pytest.mark.explore(Schedule(cancel=1))"]
    )


def test_a_finally_of_the_test_catches_nothing(pytester: pytest.Pytester) -> None:
    result = cancel(pytester, "try: await program.swallows()\n    finally: pass")

    result.assert_outcomes(failed=2)


def test_task_cancel_comes_once_so_that_it_may_go_on_for_long(pytester: pytest.Pytester) -> None:
    result = cancel(pytester, "await program.goes_on()", "asyncio", "asyncio")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("When it is cancelled at await 1, *program.py:5, in swallows, *")


@pytest.mark.parametrize(
    "body",
    [
        "await program.goes_on()",  # a scope cancels the next await
        "await program.shields()",
        "await program.gives_up()",
        "await program.in_a_thread()",
        "with contextlib.suppress(KeyError): await program.swallows()",
        "try: await program.swallows()\n    except KeyError: pass",
        "with program.Quiet(): await program.anyio.sleep(1)",
    ],
)
def test_what_ends_in_time_and_what_a_test_may_catch_is_no_failure(
    pytester: pytest.Pytester, body: str
) -> None:
    cancel(pytester, body).assert_outcomes(passed=2)


@pytest.mark.parametrize("mark", ["anyio", "asyncio"])
def test_who_waits_for_a_task_that_it_has_cancelled_may_suppress_that(
    pytester: pytest.Pytester, mark: str
) -> None:
    cancel(pytester, "await program.ends_its_task()", mark, "asyncio").assert_outcomes(passed=1)


def test_a_task_group_that_nobody_leaves_is_named(pytester: pytest.Pytester) -> None:
    result = cancel(pytester, "async with program.Client(): pass")

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        2 * ["*RuntimeError: *", "*The program has entered a task group or a cancel scope, and *"]
    )
