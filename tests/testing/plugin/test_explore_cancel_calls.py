"""`pytest --explore-cancel`: what a call has made is the program's until that call returns."""

import pytest

PROGRAM = """
    import anyio, socket

    async def connects():
        mine = socket.socket()
        try:
            await anyio.sleep(1)
            await anyio.sleep(1)
        except BaseException:
            mine.close()
            raise
        return mine

    def close(those):
        for it in those:
            it.close()

    async def forgets():
        mine = socket.socket()
        await anyio.sleep(1)
        mine.close()

    def forgets_at_once():
        mine = socket.socket()

        async def waits():
            await anyio.sleep(1)
            mine.close()

        return waits()

    class Pair:
        def __init__(self, *both):
            self.both = both

        async def __aenter__(self):
            await anyio.sleep(1)

        async def __aexit__(self, *_):
            for it in self.both:
                it.close()

    class Forgetful(Pair):
        async def __aexit__(self, *exc):
            if not exc[0]:
                await super().__aexit__()

    class Opens:
        async def __aenter__(self):
            self.mine = socket.socket()

        async def __aexit__(self, *exc):
            if not exc[0]:
                self.mine.close()

    async def asks(function):
        mine = socket.socket()
        await function()
        mine.close()
"""

HEAD = """
    import anyio, pytest
    import program

    pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]
"""

RETURNED = {
    "by an earlier call on the same line": """
    async def test_it():
        a, b = await program.connects(), await program.connects()
        a.close(), b.close()
    """,
    "to a comprehension": """
    async def test_a_list():
        every = [await program.connects() for _ in range(3)]
        program.close(every)

    async def test_a_set():
        every = {await program.connects() for _ in range(3)}
        program.close(every)

    async def test_a_dict():
        every = {n: await program.connects() for n in range(3)}
        program.close(every.values())

    async def test_a_generator():
        every = (await program.connects() for _ in range(3))
        program.close([it async for it in every])
    """,
    "as an argument of what is awaited": """
    async def test_it():
        async def closes(*those):
            await anyio.sleep(1)
            for it in those:
                it.close()

        await closes(await program.connects(), await program.connects())
    """,
    "to a context manager that is not entered": """
    async def test_it():
        async with program.Pair(await program.connects(), await program.connects()):
            await anyio.sleep(1)
    """,
    "to a function in the test that is called again": """
    async def test_it():
        async def client():
            return await program.connects()

        a = await client()
        b = await client()
        a.close(), b.close()

    async def test_in_a_loop():
        async def client():
            return await program.connects()

        every = [await client() for _ in range(3)]
        program.close(every)
    """,
}
CUT_OFF = {
    "the second on its line": """
    async def test_it():
        await anyio.sleep(1), await program.forgets()
    """,
    "in a comprehension": """
    async def test_it():
        [await program.forgets() for _ in range(3)]
    """,
    "before anything is awaited": """
    async def test_it():
        await program.forgets_at_once()
    """,
    "in a block whose manager made it as it was entered": """
    async def test_it():
        async with program.Opens():
            await anyio.sleep(1)
    """,
    "in a block whose manager was given it": """
    async def test_it():
        async with program.Forgetful(await program.connects()):
            await anyio.sleep(1)
    """,
}


def cancel(pytester: pytest.Pytester, tests: str) -> pytest.RunResult:
    pytester.makepyfile(program=PROGRAM, test_it=HEAD + tests)
    as_ever = ["-W", "default", "-W", "ignore::ResourceWarning"]  # errors, where we run
    return pytester.runpytest(*as_ever, "--anyio-backends=asyncio,trio", "--explore-cancel")


@pytest.mark.parametrize("tests", RETURNED.values(), ids=RETURNED)
def test_what_a_call_has_returned_is_the_tests(pytester: pytest.Pytester, tests: str) -> None:
    cancel(pytester, tests).assert_outcomes(passed=2 * tests.count("async def test_"))


@pytest.mark.parametrize("tests", CUT_OFF.values(), ids=CUT_OFF)
def test_what_a_call_has_made_that_has_not_returned_is_the_programs(
    pytester: pytest.Pytester, tests: str
) -> None:
    result = cancel(pytester, tests)

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(2 * ["  socket *, made at program.py:*"])


def test_a_call_that_waits_for_a_function_of_the_test_is_not_blamed(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    async def test_it():
        async def answers():
            await anyio.sleep(1)

        await program.asks(answers)
    """
    cancel(pytester, tests).assert_outcomes(passed=2)
