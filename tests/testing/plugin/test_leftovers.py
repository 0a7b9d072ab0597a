"""`pytest --no-leftovers`: a test fails that ends with something of its own still open."""

import re

import pytest

from tests.testing.plugin.left import (
    OF_A_BODY,
    ON_ASYNCIO,
    SOCKETS,
    TO_FILE,
    WITH_CONFIG,
    body,
    run,
    told,
)

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

LEFT = [
    (
        body("kept.append(asyncio.create_task(work()))\nawait anyio.sleep(0)", ON_ASYNCIO),
        "task work, waiting at test_it.py:8, made at test_it.py:16, in test_it",
    ),
    (
        body(
            "task = asyncio.create_task(work())\nawait anyio.sleep(0)\ntask.cancel()", ON_ASYNCIO
        ),
        (
            "task work, cancelled but not awaited, waiting at test_it.py:8, "
            "made at test_it.py:16, in test_it"
        ),
    ),
    (
        body("asyncio.create_task(work())", ON_ASYNCIO),
        "task work, made at test_it.py:16, in test_it",
    ),
    (
        body("from unittest import mock\nmock.AsyncMock().send(1)", ON_ASYNCIO),
        (
            "coroutine AsyncMockMixin._execute_mock_call, never awaited, made at test_it.py:17, "
            "in test_it"
        ),
    ),
    (
        body("generator = numbers()\nawait anext(generator)"),
        "async generator numbers, at test_it.py:11, begun at test_it.py:16, in test_it",
    ),
    (
        body("kept.append(numbers())\nawait anext(kept[-1])"),
        "async generator numbers, at test_it.py:11, begun at test_it.py:16, in test_it",
    ),
    (
        body("ended = threading.Event()\npytestconfig.add_cleanup(ended.set)\n"
             "threading.Thread(target=ended.wait, name='mine').start()", WITH_CONFIG),
        "thread mine, made at test_it.py:17, in test_it",
    ),
    (
        body("executor = concurrent.futures.ThreadPoolExecutor(1, 'pool')\n"
             "kept.append(executor)\nexecutor.submit(len, '').result()"),
        "thread pool_0, made at test_it.py:17, in test_it",
    ),
    (
        body("mine = socket.socket()\nmine.bind(('127.0.0.1', 0))"),
        "socket ('127.0.0.1', ), made at test_it.py:15, in test_it",
    ),
    (
        body("kept.append(await anyio.create_udp_socket(local_host='127.0.0.1'))"),
        "socket ('127.0.0.1', ), made at test_it.py:15, in test_it",
    ),
    (
        body("file = open(tmp_path / 'mine', 'w')", TO_FILE),
        "file mine', made at test_it.py:15, in test_it",
    ),
    (
        body("kept.append((tmp_path / 'mine').open('w'))", TO_FILE),
        "file mine', made at test_it.py:15, in test_it",
    ),
    (
        body("await (await anyio.open_file(tmp_path / 'mine', 'w')).write('text')", TO_FILE),
        "file mine'",  # a worker thread has made it
    ),
    (
        body("kept.append(numbers())\nawait anext(kept[-1])", OF_A_BODY),
        "async generator numbers, at test_it.py:11, begun at test_it.py:17, in test_it",
    ),
    (
        body("work()"),
        "coroutine work, never awaited, made at test_it.py:15, in test_it",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("test", "line"), LEFT)
def test_what_is_left_is_told_with_where_it_was_made(
    pytester: pytest.Pytester, test: str, line: str
) -> None:
    result = run(pytester, test)

    result.assert_outcomes(failed=1 if test.startswith(ON_ASYNCIO) else 2)
    assert told(result) == {line}
    (pattern,) = set(re.findall(r"To allow one: .*\(allow='(.*)'\), or a", result.stdout.str()))
    allowed = run(pytester, test, "--no-leftovers", "-o", f"no_leftovers_allow={pattern}")
    assert "failed" not in allowed.parseoutcomes()


CLOSED = [
    body("await asyncio.get_running_loop().run_in_executor(None, len, '')", ON_ASYNCIO),
    body("task = asyncio.create_task(anyio.sleep(0))\nawait task", ON_ASYNCIO),
    body("async with contextlib.aclosing(numbers()) as generator: await anext(generator)"),
    body("async for number in numbers(): pass"),
    body("async for number in numbers(): break"),
    body("thread = threading.Thread(target=len, args=[''])\nthread.start()"),
    body("await anyio.to_thread.run_sync(len, '')"),
    body("await asyncio.to_thread(len, '')", ON_ASYNCIO),
    body("with concurrent.futures.ThreadPoolExecutor() as pool: pool.submit(len, '')"),
    body("from anyio import to_process\nawait to_process.run_sync(len, '')"),
    body("with socket.socket(): pass"),
    body("""
        server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            assert await reader.read() == b""
            writer.close()
    """, ON_ASYNCIO),
    body("async with await anyio.open_file(tmp_path / 'mine', 'w') as file: pass", TO_FILE),
    body("(tmp_path / 'mine').write_text('text')", TO_FILE),
    body("async with anyio.create_task_group() as tasks: tasks.start_soon(anyio.sleep, 0)"),
    body("""
        async def keep():
            with contextlib.suppress(RuntimeError):  # on asyncio
                kept.append(trio.lowlevel.current_task())

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(keep)
    """),
]  # fmt: skip


@pytest.mark.parametrize("test", CLOSED)
def test_what_is_closed_is_not_left(pytester: pytest.Pytester, test: str) -> None:
    result = run(pytester, test)

    assert told(result) == set()
    result.assert_outcomes(passed=1 if test.startswith(ON_ASYNCIO) else 2)


FIXTURES = """
    @pytest.fixture(scope="module")
    def anyio_backend():
        return "asyncio"

    @pytest.fixture
    async def own():
        async with anyio.create_task_group() as tasks:
            yield tasks
            tasks.cancel_scope.cancel()

    @pytest.fixture(scope="module")
    async def shared():
        async with anyio.create_task_group() as tasks:
            yield [tasks]
            tasks.cancel_scope.cancel()

    @pytest.fixture(scope="module")
    async def server():
        async def answer(reader, writer):
            await reader.read()
            writer.close()  # or Python 3.12 waits for it for ever

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            yield server

    async def test_own(own):
        own.start_soon(work)

    async def test_shared(shared):
        shared[0].start_soon(work)

    async def test_server(server):
        kept.extend(await asyncio.open_connection(*server.sockets[0].getsockname()))
        await anyio.sleep(0.1)
        kept.pop().close()

    async def test_besides(own):
        asyncio.create_task(work())
        own.start_soon(work)
"""


def test_what_fixtures_own_is_not_left(pytester: pytest.Pytester) -> None:
    result = run(pytester, FIXTURES)

    result.assert_outcomes(passed=4, errors=1)
    assert told(result) == {"task work, made at test_it.py:51, in test_besides"}
    result.stdout.fnmatch_lines("*ERROR at teardown of test_besides*")


def test_a_fixture_that_overrides_one_of_a_wider_scope_may_close_what_a_test_has_made(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeconftest("""
        import pytest

        @pytest.fixture(scope="module")
        def closing():
            pass
    """)
    tests = """
    @pytest.fixture
    def closing():
        yield
        kept.pop().close()

    async def test_it(closing):
        kept.append(socket.socket())
    """
    run(pytester, tests).assert_outcomes(passed=2)


def test_an_idle_thread_of_a_pool_that_is_older_than_the_test_is_not_left(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    pool = concurrent.futures.ThreadPoolExecutor(1)

    @on_asyncio
    @pytest.mark.parametrize("n", [1, 2])
    async def test_it(anyio_backend, n):
        await asyncio.get_running_loop().run_in_executor(pool, int)
    """
    run(pytester, tests).assert_outcomes(passed=2)


def test_a_pool_belongs_to_the_test_that_has_made_it(pytester: pytest.Pytester) -> None:
    tests = """
    @on_asyncio
    @pytest.mark.parametrize("n", [1, 2])
    async def test_it(anyio_backend, n):
        if not kept:
            kept.append(concurrent.futures.ThreadPoolExecutor(2))
        with contextlib.ExitStack() as stack:  # two at once, so that a thread begins in each test
            both = threading.Barrier(n)
            loop = asyncio.get_running_loop()
            await asyncio.gather(*(loop.run_in_executor(kept[0], both.wait) for _ in range(n)))
    """
    run(pytester, tests).assert_outcomes(failed=1, passed=1)


def test_a_test_that_fails_anyway_is_not_asked(pytester: pytest.Pytester) -> None:
    result = run(pytester, body("mine = socket.socket()\nassert not mine"))

    result.assert_outcomes(failed=2)
    assert told(result) == set()


@pytest.mark.parametrize(
    ("mark", "args", "fails"),
    [
        ("no_leftovers", [], True),
        ("no_leftovers()", [], True),
        ("no_leftovers(False)", ["--no-leftovers"], False),
        ("no_leftovers(allow='socket*')", [], False),
        ("no_leftovers(allow=['task*', '*in test_it'])", ["--no-leftovers"], False),
        ("no_leftovers(allow='task*')", ["-o", "no_leftovers_allow=socket*"], False),
        ("no_leftovers(allow='task*')", [], True),
        ("filterwarnings('default')", ["-o", "no_leftovers=true"], True),
        ("filterwarnings('default')", ["-o", "no_leftovers=false"], False),
        (
            "filterwarnings('default')",
            ["--no-leftovers", "-o", "no_leftovers_allow=socket*"],
            False,
        ),
    ],
)
def test_the_marker_and_the_ini_file_say_which_tests_are_judged(
    pytester: pytest.Pytester, mark: str, args: list[str], *, fails: bool
) -> None:
    test = SOCKETS.replace("async def", f"@pytest.mark.{mark}\n    async def")
    result = run(pytester, test, *args, "-rN")

    assert result.parseoutcomes()["failed" if fails else "passed"] == 2


@pytest.mark.parametrize("arguments", ["1", "allow=1", "allow=[1]", "deny='task*'", "False, True"])
def test_a_wrong_marker_is_refused(pytester: pytest.Pytester, arguments: str) -> None:
    result = run(pytester, f"    @pytest.mark.no_leftovers({arguments}){SOCKETS}")

    result.stderr.fnmatch_lines(
        "ERROR: test_it.py::test_it*: no_leftovers takes False, or allow (a pattern *"
    )


def test_teardown_methods_and_functions_may_close_what_a_test_has_made(
    pytester: pytest.Pytester,
) -> None:
    result = run(
        pytester,
        """
    class TestIt:
        def teardown_method(self):
            self.mine.close()

        async def test_closed(self):
            self.mine = socket.socket()

    async def test_closed():
        kept.append(socket.socket())

    async def test_left():
        kept[:] = [socket.socket(), socket.socket()]

    def teardown_function():
        kept.pop().close()
""",
        "--no-leftovers",
        "--anyio-backends=asyncio",
    )

    result.assert_outcomes(passed=3, errors=1)
    assert len(told(result)) == 1


def test_what_unittest_closes_after_a_test_is_not_left(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_it="""
    import asyncio, unittest

    class TestIt(unittest.IsolatedAsyncioTestCase):
        async def asyncTearDown(self):
            if hasattr(self, "mine"):
                self.mine.cancel()
                await asyncio.gather(self.mine, return_exceptions=True)

        async def test_torn_down(self):
            self.mine = asyncio.create_task(asyncio.sleep(60))

        async def test_cleaned_up(self):
            async def stop():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

            task = asyncio.create_task(asyncio.sleep(60))
            self.addAsyncCleanup(stop)

        async def test_left(self):
            self.other = asyncio.create_task(asyncio.sleep(60))
"""
    )
    result = pytester.runpytest("--no-leftovers", "-p", "no:asyncio")

    result.assert_outcomes(passed=3, errors=1)
    assert len(told(result)) == 1


def test_a_delayed_connection_of_a_server_is_asyncios_own(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
    async def test_it():
        async def answer(reader, writer):
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            assert await reader.read() == b""
            writer.close()
            await writer.wait_closed()
""",
        "--no-leftovers",
        "--explore=all:1",
        "--anyio-backends=asyncio",
    )

    result.assert_outcomes(passed=1)
