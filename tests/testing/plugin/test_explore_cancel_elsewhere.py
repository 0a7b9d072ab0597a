"""`pytest --explore-cancel` for tests that pytest-asyncio and pytest-trio run."""

import pytest

from tests.testing.plugin.shared import FORGETFUL

TESTS = """
    import pytest
    import program
    from awaits.testing import Schedule

    @pytest.fixture
    def one():
        return 1

    async def test_forgets():
        await program.forgets()

    async def test_forgets_beside_a_fixture(one):
        await program.forgets()

    @pytest.mark.explore(Schedule(cancel=1))
    async def test_forgets_at_an_await():
        await program.forgets()

    class TestMethods:
        async def test_forgets_in_a_method(self):
            await program.forgets()

    async def test_closes():
        await program.closes()

    @pytest.mark.no_leftovers(allow="socket *")
    async def test_may_forget():
        await program.forgets()
"""
WIDER = """
    @pytest.mark.asyncio(loop_scope="module")
    async def test_forgets_in_a_wider_loop():
        await program.forgets()
"""


CLEANS_UP = """
    import asyncio, pytest, socket

    pytestmark = pytest.mark.asyncio(loop_scope="module")

    async def program():
        mine = socket.socket()
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            await asyncio.sleep(1)
            mine.close()
            raise
        mine.close()

    async def test_it():
        assert not asyncio.current_task().cancelling()
        await program()

    async def test_another():
        assert not asyncio.current_task().cancelling()
        await program()
"""


def test_one_of_pytest_asyncio_is_cancelled_once_and_may_await_as_it_cleans_up(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(test_it=CLEANS_UP)
    args = ["--virtual-time", "--explore-cancel"]
    result = pytester.runpytest_subprocess(*args)

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines("cancelled: 2 tests, at 2 awaits in all")

    pytester.makepyfile(test_it=CLEANS_UP.replace("mine.close()\n            raise", "raise"))
    result = pytester.runpytest_subprocess(*args)
    result.stdout.fnmatch_lines(
        "It replays with: @pytest.mark.explore(Schedule(cancel=1, native=True))"
    )
    result = pytester.runpytest_subprocess(
        "--virtual-time", "--explore=Schedule(cancel=1, native=True)", "-k", "not another"
    )
    result.assert_outcomes(failed=1, deselected=1)


@pytest.mark.parametrize(
    ("options", "tests", "n_failed"),
    [
        (["-o", "asyncio_mode=auto"], TESTS + WIDER, 4),
        (["-p", "trio", "-p", "no:asyncio", "-o", "trio_mode=true"], TESTS, 3),
    ],
    ids=["pytest-asyncio", "pytest-trio"],
)
def test_what_a_cancelled_test_forgets_is_told(
    pytester: pytest.Pytester, options: list[str], tests: str, n_failed: int
) -> None:
    pytester.makepyfile(program=FORGETFUL, test_it=tests)
    as_ever = ["-W", "default", "-W", "ignore::ResourceWarning"]
    result = pytester.runpytest_subprocess("--virtual-time", "--explore-cancel", *as_ever, *options)

    result.assert_outcomes(passed=3, failed=n_failed, errors=1)  # as its fixture ends
    told = "When it is cancelled at await 1, the test leaves behind:"
    assert result.stdout.str().count(told) == n_failed + 1


SERVER = """
    import asyncio, contextlib, pytest

    pytestmark = pytest.mark.asyncio

    @contextlib.asynccontextmanager
    async def connection():
        try:
            yield
        finally:
            for _ in range(20):
                await asyncio.sleep(0)

    async def get():
        async with connection():
            await asyncio.sleep(1)

    async def echo(reader, writer):
        writer.write(await reader.readline())
        writer.close()
"""


def test_one_that_is_cancelled_in_gather_lets_its_other_tasks_clean_up(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(program=SERVER)
    tests = """
    import asyncio, pytest
    from program import get

    @pytest.mark.asyncio
    async def test_gather():
        await asyncio.gather(get(), get())
    """
    pytester.makepyfile(tests)
    pytester.runpytest("--explore-cancel", "--virtual-time").assert_outcomes(passed=1)


@pytest.mark.parametrize("option", ["--virtual-time", "--durations=0"])
def test_one_that_waits_for_a_client_of_its_own_is_cancelled_again(
    pytester: pytest.Pytester, option: str
) -> None:
    pytester.makepyfile(program=SERVER)
    tests = """
    import asyncio, pytest
    from program import echo

    @pytest.mark.asyncio
    async def test_echo():
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        async with server:  # from Python 3.12 on, it waits for its clients
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"abc\\n")
            assert await reader.readline() == b"abc\\n"
            writer.close()
    """
    pytester.makepyfile(tests)
    pytester.runpytest("--explore-cancel", option).assert_outcomes(passed=1)


def test_one_that_waits_in_its_own_function_is_cancelled_again(pytester: pytest.Pytester) -> None:
    tests = """
    import asyncio, pytest, socket

    @pytest.mark.asyncio
    async def test_it():
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                await asyncio.get_running_loop().sock_recv(ours, 1)  # nobody sends
                raise
    """
    pytester.makepyfile(tests)
    pytester.runpytest("--explore-cancel", "--virtual-time").assert_outcomes(passed=1)
