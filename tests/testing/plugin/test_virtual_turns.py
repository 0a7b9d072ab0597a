"""How many turns there may be at one instant, as pytest is told."""

import pytest

from tests.testing.plugin.shared import run_tests

INI = "[pytest]\nasyncio_default_fixture_loop_scope = function"


def test_the_marker_or_the_ini_file_says_how_many_turns(pytester: pytest.Pytester) -> None:
    pytester.makeini(f"{INI}\nvirtual_time_turns = 700")
    tests = """
    async def spin():
        while True:
            await anyio.sleep(0)

    @pytest.mark.virtual_time
    async def test_ini():
        await spin()

    @pytest.mark.virtual_time(turns=800)
    async def test_marker():
        await spin()
    """
    result = run_tests(pytester, tests)

    result.assert_outcomes(failed=4)
    for turns in (700, 800, 700, 800):
        result.stdout.fnmatch_lines(f"E*LivelockError: At 0.0 s, time * {turns} turns *")


@pytest.mark.parametrize("turns", ["many", "9", "-20", "10.5"])
def test_an_ini_file_that_says_no_such_number_is_refused(
    pytester: pytest.Pytester, turns: str
) -> None:
    pytester.makeini(f"{INI}\nvirtual_time_turns = {turns}")
    result = run_tests(pytester, "    @pytest.mark.virtual_time\n    async def test_it(): pass")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        f"*virtual_time_turns must be a whole number of at least 10, not '{turns}'."
    )
