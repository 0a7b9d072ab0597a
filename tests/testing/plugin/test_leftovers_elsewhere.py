"""`pytest --no-leftovers` for tests that pytest-asyncio, pytest-trio and unittest run."""

import pytest

ASYNCIO = """
    import asyncio, pytest, pytest_asyncio, unittest
    kept = []

    async def work():
        await asyncio.sleep(3600)

    @pytest_asyncio.fixture
    async def own():
        async with asyncio.TaskGroup() as tasks:
            ended = asyncio.Event()
            tasks.create_task(ended.wait())
            yield [tasks]
            ended.set()

    @pytest.mark.asyncio
    async def test_left():
        kept.append(asyncio.create_task(work()))

    @pytest.mark.asyncio
    async def test_left_beside_a_fixture(own):
        kept.append(asyncio.create_task(work()))

    @pytest.mark.asyncio
    async def test_of_a_fixture(own):
        own[0].create_task(asyncio.sleep(0.01))

    @pytest.mark.asyncio(loop_scope="module")
    async def test_left_in_a_wider_loop():
        kept.append(asyncio.create_task(work()))

    @pytest.mark.asyncio
    async def test_closed():
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(asyncio.sleep(0))

    class TestCase(unittest.IsolatedAsyncioTestCase):
        async def test_left_in_unittest(self):
            kept.append(asyncio.create_task(work()))

        async def test_closed_in_unittest(self):
            await asyncio.create_task(asyncio.sleep(0))
"""

TRIO = """
    import pytest, trio
    kept = []

    @pytest.mark.trio
    async def test_left():
        kept.append(trio.lowlevel.spawn_system_task(trio.sleep_forever))

    @pytest.mark.trio
    async def test_left_beside_a_fixture(nursery):
        kept.extend(await trio.open_tcp_listeners(0, host="127.0.0.1"))

    @pytest.mark.trio
    async def test_of_a_fixture(nursery):
        nursery.start_soon(trio.sleep_forever)

    @pytest.mark.trio
    async def test_closed():
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep, 0)
"""


def told(result: pytest.RunResult) -> list[str]:
    """The tests that left something behind, in the order in which they were told."""
    lines = result.stdout.lines
    return sorted({line.rpartition("in ")[2] for line in lines if "made at test_it" in line})


def test_tests_of_pytest_asyncio_and_of_unittest_are_judged(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_it=ASYNCIO)
    result = pytester.runpytest_subprocess("--no-leftovers")

    result.assert_outcomes(passed=5, failed=2, errors=2)  # unittest closes some after the test
    assert told(result) == [
        "TestCase.test_left_in_unittest",
        "test_left",
        "test_left_beside_a_fixture",
        "test_left_in_a_wider_loop",
    ]


def test_tests_of_pytest_trio_are_judged(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
    pytester.makepyfile(test_it=TRIO)
    result = pytester.runpytest_subprocess("--no-leftovers")

    result.assert_outcomes(passed=3, failed=1, errors=1)
    assert told(result) == ["test_left", "test_left_beside_a_fixture"]
