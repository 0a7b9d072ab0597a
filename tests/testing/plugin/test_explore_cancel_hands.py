"""`pytest --explore-cancel`: whose it was to close what a cancelled test leaves behind."""

import re

import pytest

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


def cancel(pytester: pytest.Pytester, tests: str) -> pytest.RunResult:
    pytester.makepyfile(program=PROGRAM, test_it=HEAD + tests)
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
    n_awaits = int(re.findall(r"(\d+) in all", told)[0])
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
