"""`pytest --explore-cancel`: what is the test's own, and so no fault of the program."""

from pathlib import Path

import pytest

from awaits.testing.leftovers.hands import is_in_loop

PROGRAM = """
    import anyio

    async def works():
        await anyio.sleep(1)
        await anyio.sleep(1)

    async def refuses():
        try:
            await anyio.sleep(1)
        except BaseException:
            raise ValueError
        raise RuntimeError
"""

HEAD = """
    import anyio, pytest, socket
    import program

    pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]
"""


def cancel(pytester: pytest.Pytester, tests: str, *, backends: str = "asyncio") -> pytest.RunResult:
    pytester.makepyfile(program=PROGRAM, test_it=HEAD + tests)
    as_ever = ["-W", "default", "-W", "ignore::ResourceWarning"]  # errors, where we run
    return pytester.runpytest(*as_ever, f"--anyio-backends={backends}", "--explore-cancel")


def test_what_a_function_in_the_test_has_made_is_the_tests(pytester: pytest.Pytester) -> None:
    tests = """
    async def test_it():
        async def asks():
            return socket.socket(), await program.works()

        mine, _ = await asks()
        mine.close()
    """
    cancel(pytester, tests).assert_outcomes(passed=1)


def test_what_a_task_of_the_test_has_made_is_the_tests(pytester: pytest.Pytester) -> None:
    tests = """
    async def serves():
        mine = socket.socket()
        await program.works()
        mine.close()

    async def test_it():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(serves)
    """
    cancel(pytester, tests).assert_outcomes(passed=1)


def test_an_assertion_of_a_helper_in_the_tests_file_is_the_tests(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    class Checks:
        async def __aenter__(self):
            self.ended = False
            return self

        async def __aexit__(self, *exc):
            assert self.ended

    async def test_it():
        async with Checks() as checks:
            await program.works()
            checks.ended = True
    """
    cancel(pytester, tests).assert_outcomes(passed=1)


def test_another_error_of_a_helper_in_the_tests_file_is_the_programs(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    class Checks:
        async def __aenter__(self):
            self.ended = False
            return self

        async def __aexit__(self, *exc):
            if not self.ended:
                raise ValueError

    async def test_it():
        async with Checks() as checks:
            await program.works()
            checks.ended = True
    """
    cancel(pytester, tests).assert_outcomes(failed=1)


def test_what_the_test_expects_to_be_raised_is_the_tests(pytester: pytest.Pytester) -> None:
    tests = """
    async def test_it():
        with pytest.raises(RuntimeError):
            await program.refuses()
    """
    cancel(pytester, tests).assert_outcomes(passed=1)


def test_so_it_is_where_a_task_group_puts_a_cancellation_beside_it(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    async def refuses_in_a_group():
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(anyio.sleep, 10)
                await anyio.lowlevel.checkpoint()
                raise ValueError
        except BaseExceptionGroup as group:
            if len(group.exceptions) == 1:
                raise group.exceptions[0]
            raise  # on trio, with the cancellation

    async def test_it():
        with pytest.raises(ValueError):
            await refuses_in_a_group()
    """
    cancel(pytester, tests, backends="asyncio,trio").assert_outcomes(passed=2)


def test_a_hang_in_what_the_test_expects_is_the_programs(pytester: pytest.Pytester) -> None:
    tests = """
    async def hangs_if_it_is_cancelled():
        try:
            await anyio.sleep(1)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await anyio.Event().wait()
        raise ValueError

    async def test_it():
        with pytest.raises(ValueError):
            await hangs_if_it_is_cancelled()

    async def test_in_a_group():
        with pytest.raises(ExceptionGroup):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(anyio.sleep, 10)
                await hangs_if_it_is_cancelled()
    """
    result = cancel(pytester, tests, backends="asyncio,trio")

    result.assert_outcomes(failed=4)
    result.stdout.fnmatch_lines("*DeadlockError: At *")


def test_a_test_may_come_from_a_file_that_is_not_python(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("It's a page, in which some Python stands.")
    assert not is_in_loop(compile("pass", str(page), "exec"), 1)
