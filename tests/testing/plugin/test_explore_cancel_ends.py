"""`--explore-cancel` with a program that does not end when it is cancelled: the test fails."""

import pytest

from tests.testing.plugin.shared import run_tests

pytestmark = pytest.mark.slow  # each run waits until its limit, or turns thousands of times

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


def test_a_limit_in_real_time_ends_it(pytester: pytest.Pytester) -> None:
    result = cancel(pytester, BLOCKS, "--anyio-timeout=0.3")

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "After 0.3 s, the test has not ended*",
            "It replays with: @pytest.mark.explore(Schedule(cancel=1))",
        ]
    )


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
