"""`pytest --explore`: a failure that does not come again, beside tasks older than the test."""

import pytest

from tests.testing.plugin.shared import run_tests

TESTS = """
    pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

    @pytest.fixture(scope="module", params=["asyncio", "trio"])
    def anyio_backend(request):
        return request.param

    @pytest.fixture(scope="module")
    async def shared(anyio_backend):
        async with anyio.create_task_group() as tasks:
            yield tasks
            tasks.cancel_scope.cancel()

    @pytest.fixture
    async def own(anyio_backend):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ticks)
            yield tasks
            tasks.cancel_scope.cancel()

    async def ticks():
        while True:
            await anyio.sleep(0.3)

    async def waits():
        await anyio.sleep_forever()

    runs = []

    async def fails_once(name):
        runs.append(name)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.sleep, 1)
            tasks.start_soon(anyio.sleep, 1)
        assert runs.count(name) != 5
"""
CANNOT_REPLAY = "It failed like this once, and passed when the same order was played again: *"


def test_those_that_took_steps_meanwhile_are_named(pytester: pytest.Pytester) -> None:
    tests = """
    @pytest.mark.explore(False)
    async def test_forgets(shared):
        shared.start_soon(ticks)
        shared.start_soon(ticks)
        shared.start_soon(waits)
        await anyio.sleep(0)

    async def test_odd(shared, tmp_path, anyio_backend_name):
        await fails_once(anyio_backend_name)
    """
    result = run_tests(pytester, TESTS + tests, "--explore=20")

    result.assert_outcomes(passed=2, failed=2)
    told = (
        "Tasks that are older than this run took steps meanwhile, and may be why: "
        "ticks at *.py:* (2 tasks); --no-leftovers names the test that leaves one."
    )
    result.stdout.fnmatch_lines([CANNOT_REPLAY, told] * 2)


def test_those_of_a_fixture_that_is_set_up_for_each_run_are_not(pytester: pytest.Pytester) -> None:
    tests = """
    async def test_odd(own, anyio_backend_name):
        await fails_once(anyio_backend_name)
    """
    result = run_tests(pytester, TESTS + tests, "--explore=20")

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines([CANNOT_REPLAY] * 2)
    result.stdout.no_fnmatch_line("Tasks that are older*")
