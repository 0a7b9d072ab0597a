"""`--explore-cancel` with a program that does not end when it is cancelled: the test fails."""

import pytest

from tests.testing.plugin.shared import Apart, run_tests

slow = pytest.mark.slow  # each run waits until its limit, or turns thousands of times

HEAD = """
    import anyio, pytest, time
    import program
    pytestmark = pytest.mark.anyio

    async def test_it():
        await program.works()
"""

BLOCKS = """
    import anyio, time

    async def works():
        try:
            await anyio.sleep(0.01)
        except anyio.get_cancelled_exc_class():
            time.sleep(60)
            raise
"""

SWALLOWS = """
    import anyio

    async def works():
        while True:
            try:
                await anyio.sleep(0.01)
                return
            except anyio.get_cancelled_exc_class():
                pass
"""


def cancel(pytester: pytest.Pytester, program: str, *args: str) -> pytest.RunResult:
    pytester.makepyfile(program=program, test_it=HEAD)
    return pytester.runpytest("--anyio-backends=asyncio,trio", "--explore-cancel", *args)


@slow
def test_a_limit_in_real_time_ends_it(pytester: pytest.Pytester) -> None:
    result = cancel(pytester, BLOCKS, "--anyio-timeout=0.3")

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "After 0.3 s, the test has not ended*",
            "It replays with: @pytest.mark.explore(Schedule(cancel=1))",
        ]
    )


@slow
def test_in_virtual_time_one_that_swallows_each_cancellation_is_a_livelock(
    pytester: pytest.Pytester,
) -> None:
    result = cancel(pytester, SWALLOWS, "--virtual-time", "-o", "virtual_time_turns=3000")

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "*LivelockError: At *",
            "It replays with: @pytest.mark.explore(Schedule(cancel=1))",
        ]
    )


@slow
def test_a_program_that_swallows_everything_ends_all_the_same(pytester: pytest.Pytester) -> None:
    tests = """
    async def goes_on():
        while True:
            try:
                await anyio.sleep(1)
                return
            except BaseException:
                continue

    async def test_it():
        await goes_on()

    async def test_after():
        pass
    """
    pytester.makeini("[pytest]\nvirtual_time_turns = 2000")
    result = run_tests(pytester, tests, "--explore-cancel", "--virtual-time")
    result.assert_outcomes(failed=2, passed=2)
    result.stdout.fnmatch_lines(["E *LivelockError: *", "E *runs at *, in goes_on"] * 2)
    result.stdout.no_fnmatch_line("E *TrioInternalError*")


SWALLOWS_ALL = """
    import anyio

    async def works():
        while True:
            try:
                await anyio.sleep(0.01)
                return
            except BaseException as error:
                if isinstance(error, GeneratorExit):
                    raise
"""


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_report_says_where_it_was_cancelled_though_nothing_ended_it(
    pytester: pytest.Pytester, apart: Apart, backend: str
) -> None:
    after = """
    def test_handlers_are_as_before():
        import signal
        for number in (signal.SIGALRM, signal.SIGTERM):
            assert signal.getsignal(number) is signal.SIG_DFL
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    """
    pytester.makepyfile(program=SWALLOWS_ALL, test_it=HEAD + after)
    options = "--virtual-time", "--explore-cancel", "-o", "virtual_time_turns=20", "-Wignore"
    result = apart(f"--anyio-backends={backend}", *options)

    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(
        [
            "*LivelockError: At *; what is cancelled, and goes on, is cancelled again at each *",
            "*(cancelled)*",
            "What Schedule(cancel=1) did:",
            "  cancelled at await 1 of the cancel scope: *, program.py:6, at 0.0 s",
            "cancelled: 1 test, at 1 await in all",
        ]
    )


def check_that_only_the_other_forgets(pytester: pytest.Pytester, mark: str, line: int) -> None:
    """Cancel `works` and `forgets` of the program at each await."""
    forgets = """
    async def test_forgets():
        await program.forgets()
    """
    pytester.makepyfile(test_it=HEAD.replace("mark.anyio", f"mark.{mark}") + forgets)
    options = "--virtual-time", "--explore-cancel", "-Wignore"
    result = pytester.runpytest("--anyio-backends=asyncio", *options)

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(f"*socket *, made at program.py:{line}, in forgets")


@pytest.mark.parametrize("mark", ["anyio", "asyncio"])
@pytest.mark.parametrize("kind", ["start_server", "start_unix_server"])
def test_a_server_that_asyncio_has_not_given_to_anybody_is_not_the_programs(
    pytester: pytest.Pytester, kind: str, mark: str
) -> None:
    where = '"127.0.0.1", 0' if kind == "start_server" else '"here"'
    pytester.makepyfile(
        program=f"""
        import anyio, asyncio

        async def serves():
            server = await asyncio.{kind}(lambda reader, writer: writer.close(), {where})
            async with server:
                await asyncio.sleep(1)

        async def works():
            if "{kind}" == "start_unix_server":  # it has no await before the one that loses it
                return await serves()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(serves)
                for _ in range(5):
                    await asyncio.sleep(0)

        async def forgets():
            server = await asyncio.{kind}(lambda reader, writer: writer.close(), {where})
            await asyncio.sleep(1)
            server.close()
        """,
    )
    check_that_only_the_other_forgets(pytester, mark, line=17)


@pytest.mark.parametrize("mark", ["anyio", "asyncio"])
@pytest.mark.parametrize("kind", ["create_subprocess_exec", "create_subprocess_shell"])
def test_a_process_that_asyncio_has_not_given_to_anybody_is_not_the_programs(
    pytester: pytest.Pytester, kind: str, mark: str
) -> None:
    pytester.makepyfile(
        program=f"""
        import anyio, asyncio, socket

        async def works():
            assert (await anyio.run_process("echo 1")).stdout == b"1\\n"

        async def forgets():
            process = await asyncio.{kind}("cat", stdin=-1, stdout=-1)
            mine = socket.socket()
            process.stdin.close()
            try:
                await process.wait()
            finally:
                if process.returncode is None:
                    process.kill()
            mine.close()
        """,
    )
    check_that_only_the_other_forgets(pytester, mark, line=8)


def test_a_client_that_comes_as_nobody_accepts_it_any_more_is_no_error(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    import contextlib

    async def echo(stream):
        async with stream:
            with contextlib.suppress(anyio.EndOfStream, anyio.BrokenResourceError):
                while True:
                    await stream.send(await stream.receive())

    async def pings():
        async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(listener.serve, echo)
                port = listener.extra(anyio.abc.SocketAttribute.local_port)
                for _ in range(2):
                    async with await anyio.connect_tcp("127.0.0.1", port) as client:
                        await client.send(b"a")
                        assert await client.receive() == b"a"
                tasks.cancel_scope.cancel()

    async def test_it():
        await pings()
    """
    result = run_tests(
        pytester, tests, "--anyio-backends=asyncio,trio", "--virtual-time", "--explore-cancel"
    )
    result.assert_outcomes(passed=2)
