"""Tasks that wait for one another in a ring: asyncio can neither cancel them nor close."""

import pytest

from tests.testing.plugin.shared import run_tests

RINGS = """
    import asyncio

    @pytest.fixture(scope="module")
    def anyio_backend():
        return "asyncio"

    def ring(wait=lambda task: task):
        async def one():
            await asyncio.sleep(0)
            await wait(b)

        async def two():
            await asyncio.sleep(0)
            await wait(a)

        a, b = asyncio.create_task(one()), asyncio.create_task(two())
        return a, b

    async def test_ring():
        a, _ = ring()
        await a

    async def test_ring_of_groups():
        a, _ = ring(lambda task: asyncio.gather(task, asyncio.sleep(0)))
        await a

    async def test_ring_that_the_test_does_not_wait_for_itself():
        await asyncio.wait(ring())

    async def test_after():
        await asyncio.sleep(0)
"""


def test_it_is_a_deadlock_like_any_other(pytester: pytest.Pytester) -> None:
    result = run_tests(pytester, RINGS, "--virtual-time")
    result.assert_outcomes(failed=3, passed=1)
    result.stdout.no_fnmatch_line("*RecursionError*")
    ring = "E*they wait for one another in a ring: task 1 for task 2, task 2 for task 1"
    result.stdout.fnmatch_lines(["E*DeadlockError: *", ring, *["E*DeadlockError: *"] * 2])


def test_a_test_that_takes_too_long_for_it_ends_and_the_next_one_runs(
    pytester: pytest.Pytester,
) -> None:
    result = run_tests(pytester, RINGS, "--anyio-timeout=0.2")
    result.assert_outcomes(failed=3, passed=1)
    result.stdout.no_fnmatch_line("*RecursionError*")
    result.stdout.fnmatch_lines(["After 0.2 s, the test has not ended:"] * 3)
