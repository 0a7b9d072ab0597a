"""`--explore-cancel`: what others say of a test that was cut off is no failure of the program."""

import pytest


def cancel(pytester: pytest.Pytester, tests: str, *args: str) -> pytest.RunResult:
    head = "import anyio, asyncio, pytest, sys\npytestmark = pytest.mark.anyio\n"
    pytester.makepyfile(head + tests)
    return pytester.runpytest("--anyio-backends=asyncio", "--explore-cancel", *args)


@pytest.mark.parametrize("fails", ["assert asked", "asked or pytest.fail('never asked')"])
def test_a_fixture_may_ask_for_what_the_test_has_not_done(
    pytester: pytest.Pytester, fails: str
) -> None:
    result = cancel(
        pytester,
        f"""
@pytest.fixture
def mock():
    asked = []
    yield asked
    {fails}

async def test_it(mock):
    await anyio.sleep(1)
    mock.append(1)
""",
        "--virtual-time",
    )

    result.assert_outcomes(passed=1)


def test_a_fixture_that_fails_otherwise_is_told(pytester: pytest.Pytester) -> None:
    result = cancel(
        pytester,
        """
@pytest.fixture
def pool():
    taken = []
    yield taken
    if taken:
        raise ValueError("not all have come back")

async def test_it(pool):
    pool.append(1)
    await anyio.sleep(1)
    pool.pop()
""",
        "--virtual-time",
    )

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines("E * ValueError: not all have come back")


def test_a_callback_of_the_test_may_fail_when_its_test_is_cut_off(
    pytester: pytest.Pytester,
) -> None:
    result = cancel(
        pytester,
        """
async def test_it():
    async def handle(reader, writer):
        writer.write(await reader.readexactly(4))
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        try:
            writer.write(b"ping")
            assert await reader.read() == b"ping"
        finally:
            writer.close()
            await writer.wait_closed()
""",
    )

    result.assert_outcomes(passed=1)


def test_what_a_cut_off_test_leaves_to_garbage_collection_fails_no_other(
    pytester: pytest.Pytester,
) -> None:
    result = cancel(
        pytester,
        """
class Transport:
    def __init__(self):
        self.itself = self
        self.is_closed = False

    def __del__(self):
        if not self.is_closed:
            raise RuntimeError("Event loop is closed")

async def test_it():
    transport = Transport()
    await anyio.sleep(1)
    transport.is_closed = True

async def test_innocent():
    pass
""",
        "--virtual-time",
        "-W",
        "error",
    )

    result.assert_outcomes(passed=2)


@pytest.mark.parametrize("fixture", ["", "pool"])  # which ends before the test is judged
def test_what_a_failing_one_has_left_is_gone_before_the_next_test(
    pytester: pytest.Pytester, fixture: str
) -> None:
    pytester.makepyfile(
        program="""
import asyncio, socket, weakref

opened = weakref.WeakSet()

class Server:
    async def serve(self):
        self.socket = socket.socket()
        opened.add(self.socket)
        await asyncio.Event().wait()

async def works(server):
    task = asyncio.create_task(server.serve())
    await asyncio.sleep(0.01)
    task.cancel()
    server.socket.close()
"""
    )
    pytester.makepyfile(
        f"""
import pytest
import program

@pytest.fixture
def pool():
    pass

@pytest.mark.anyio
async def test_it({fixture}):
    await program.works(program.Server())

def test_next():
    assert not program.opened
"""
    )
    # pytest keeps all errors of runs in its own process.
    result = pytester.runpytest_subprocess(
        "--anyio-backends=asyncio", "--explore-cancel", "-W", "error"
    )

    result.stdout.fnmatch_lines("When it is cancelled at await 1, the test leaves behind:")
    assert "test_next" not in result.stdout.str()
    assert not result.errlines
