"""`pytest --explore-cancel`: whose it was to close what a cancelled test leaves behind."""

import re
import textwrap

import pytest

from awaits.testing.leftovers import places

PROGRAM = """
    import anyio, asyncio, socket

    async def works(n_awaits=5):
        for _ in range(n_awaits):
            await anyio.sleep(1)

    class Client:
        connection = None

        async def post(self):
            await anyio.sleep(0)
            if self.connection is None:
                self.connection = socket.socket()
            try:
                await anyio.sleep(1)
            except BaseException:
                self.connection.close()
                raise

        async def forgets(self):
            self.connection = socket.socket()
            await anyio.sleep(1)
            self.connection.close()

    async def serves(queue):
        async with asyncio.TaskGroup() as group:
            await asyncio.sleep(0)
            group.create_task(works())
            while await queue.get():
                group.create_task(works(1))
"""

HEAD = """
    import anyio, asyncio, pytest
    import program

    pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]
    on_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"])

    @pytest.fixture
    def fixture():
        return 1
"""


def cancel(pytester: pytest.Pytester, tests: str, program: str = PROGRAM) -> pytest.RunResult:
    pytester.makepyfile(program=program, test_it=HEAD + tests)
    as_ever = ["-W", "default", "-W", "ignore::ResourceWarning"]  # errors, where we run
    return pytester.runpytest(*as_ever, "--anyio-backends=asyncio,trio", "--explore-cancel")


@pytest.mark.parametrize("arguments", ["", ", fixture"], ids=["one loop", "a loop each"])
def test_a_task_that_an_earlier_run_has_left_does_not_end_the_search(
    pytester: pytest.Pytester, arguments: str
) -> None:
    result = cancel(
        pytester,
        f"""
    @on_asyncio
    async def test_it(anyio_backend{arguments}):
        task = asyncio.create_task(program.works())
        await asyncio.sleep(2)
        await asyncio.sleep(2)
        await task
""",
    )

    result.assert_outcomes(passed=1)
    told = next(line for line in result.outlines if line.startswith("cancelled: "))
    n_awaits = int(re.findall(r"(\d+) awaits in all", told)[0])
    assert n_awaits >= 8


@pytest.mark.parametrize("arguments", ["", ", fixture"], ids=["one loop", "a loop each"])
def test_what_a_task_has_made_that_the_test_could_still_end_is_no_fault(
    pytester: pytest.Pytester, arguments: str
) -> None:
    result = cancel(
        pytester,
        f"""
    @on_asyncio
    async def test_it(anyio_backend{arguments}):
        queue = asyncio.Queue()
        task = asyncio.create_task(program.serves(queue))
        await queue.put(1)
        await asyncio.sleep(2)
        await queue.put(0)
        await task
""",
    )

    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("arguments", ["", "fixture"], ids=["one loop", "a loop each"])
def test_what_an_earlier_call_has_returned_is_the_tests_also_in_a_loop(
    pytester: pytest.Pytester, arguments: str
) -> None:
    result = cancel(
        pytester,
        f"""
    async def test_in_a_loop({arguments}):
        client = program.Client()
        for _ in range(3):
            await client.post()
        client.connection.close()

    async def test_line_by_line({arguments}):
        client = program.Client()
        await client.post()
        await client.post()
        client.connection.close()
""",
    )

    result.assert_outcomes(passed=4)


def test_what_a_call_in_a_loop_forgets_is_told(pytester: pytest.Pytester) -> None:
    result = cancel(
        pytester,
        """
    async def test_it():
        client = program.Client()
        await client.post()
        client.connection.close()
        for _ in range(3):
            await client.forgets()
""",
    )

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["  socket *, made at program.py:*, in Client.forgets"])


def test_what_a_function_in_the_test_has_made_is_the_tests(pytester: pytest.Pytester) -> None:
    result = cancel(
        pytester,
        """
    @on_asyncio
    async def test_it(anyio_backend):
        async def start_and_wait():
            task = asyncio.create_task(program.works())
            await asyncio.sleep(1)
            task.cancel()
            await asyncio.wait([task])
        await start_and_wait()
""",
    )

    result.assert_outcomes(passed=1)


CONNECTS = """
    import anyio, asyncio, socket

    class Client:
        async def connect(self, port):
            self.stream = await anyio.connect_tcp("127.0.0.1", port)

        async def ask(self):
            await self.stream.send(b"?")
            return await self.stream.receive(1)

    class Broker:
        def __init__(self):
            self.tasks = set()

        async def kick(self, n_more):
            task = asyncio.create_task(self.run(n_more))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

        async def run(self, n_more):
            await asyncio.sleep(1)
            if n_more:
                await self.kick(n_more - 1)

        async def wait_for_all(self):
            while self.tasks:
                await asyncio.wait(self.tasks)

    class Pinger:
        def start(self):
            self.task = asyncio.create_task(asyncio.sleep(5))

        def stop(self):
            self.task.cancel()

    async def forgets():
        mine = socket.socket()
        await anyio.sleep(1)
        mine.close()

    async def serves(listener):
        async def handle(stream):
            mine = socket.socket()
            await stream.receive()
            mine.close()

        await listener.serve(handle)
"""
THE_TESTS = {
    "connected by a task that has ended": """
    async def test_it():
        async def serve(stream):
            async with stream:
                await stream.send(await stream.receive())

        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        async with listener, anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, serve)
            client = program.Client()
            await client.connect(listener.extra(anyio.abc.SocketAttribute.local_port))
            assert await client.ask() == b"?"
            await client.stream.aclose()
            tasks.cancel_scope.cancel()
    """,
    "made by a task that ended by itself": """
    @on_asyncio
    async def test_it(anyio_backend):
        broker = program.Broker()
        await broker.kick(2)
        await asyncio.sleep(2.5)
        await broker.wait_for_all()
    """,
    "made by a call of a function in the test": """
    @on_asyncio
    async def test_it(anyio_backend):
        pinger = program.Pinger()

        async def start_and_wait():
            pinger.start()
            await asyncio.sleep(2)
            pinger.stop()

        await start_and_wait()
    """,
    "made by Python, as the test asked": """
    @on_asyncio
    async def test_it(anyio_backend):
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        server.close()
        await server.wait_closed()
    """,
}
THE_PROGRAMS = {
    "in a task group": """
    async def test_it():
        async with anyio.create_task_group():
            await program.forgets()
    """,
    "in a block that awaits at its end": """
    async def test_it():
        try:
            await program.forgets()
        finally:
            await anyio.sleep(0)
    """,
    "in a function in the test": """
    async def test_it():
        async def asks():
            await program.forgets()

        await asks()
    """,
    "in a task that was cut off": """
    async def test_it():
        async with (
            await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(program.serves, listener)
            port = listener.extra(anyio.abc.SocketAttribute.local_port)
            async with await anyio.connect_tcp("127.0.0.1", port) as stream:
                await anyio.sleep(1)
                await stream.send(b"x")
                await anyio.sleep(1)
            tasks.cancel_scope.cancel()
    """,
}


@pytest.mark.parametrize("test", THE_TESTS.values(), ids=THE_TESTS)
def test_what_is_the_tests_is_no_fault(pytester: pytest.Pytester, test: str) -> None:
    assert "failed" not in cancel(pytester, test, CONNECTS).parseoutcomes()


@pytest.mark.parametrize("test", THE_PROGRAMS.values(), ids=THE_PROGRAMS)
def test_what_a_call_has_made_that_was_cut_off_is_told(
    pytester: pytest.Pytester, test: str
) -> None:
    result = cancel(pytester, test, CONNECTS)

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(2 * ["  socket *, made at program.py:*"])


def test_what_a_fixture_of_an_installed_plugin_makes_is_not_the_programs(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = pytester.mkdir("installed")
    (folder / "some_plugin.py").write_text(
        textwrap.dedent("""
            import anyio, pytest, socket

            @pytest.fixture
            def connect():
                made = []

                async def connect():
                    mine = socket.socket()
                    await anyio.sleep(1)
                    made.append(mine)

                yield connect
                for it in made:
                    it.close()
        """)
    )
    monkeypatch.syspath_prepend(folder)
    test = """
    async def test_it(connect):
        await connect()
    """
    pytester.makeconftest("pytest_plugins = ['some_plugin']")
    cancel(pytester, test).assert_outcomes(passed=2, errors=2)
    monkeypatch.setattr(places, "_INSTALLED", (str(folder),))
    cancel(pytester, test).assert_outcomes(passed=2)
