"""What the end of the output says of what `--explore` did."""

import time

import pytest

from awaits.testing.plugin import explore as explore_module
from awaits.testing.plugin import tally
from tests.testing.plugin.shared import explore, run_tests


def test_where_tests_wait_long_in_real_time_virtual_time_is_named(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tally, "LONG", 0.1)
    line = "  * s of waiting; with --virtual-time, it takes no time"
    sleeps = """
    async def test_it():
        await anyio.sleep(0.2)
    """
    explore(pytester, sleeps).stdout.fnmatch_lines(line)
    explore(pytester, sleeps, "--virtual-time").stdout.no_fnmatch_line(line)
    explore(pytester, sleeps, "-o", "virtual_time=true").stdout.no_fnmatch_line(line)
    # As if it had computed all the time.
    monkeypatch.setattr(explore_module, "process_time", time.perf_counter)
    explore(pytester, sleeps).stdout.no_fnmatch_line(line)


@pytest.mark.parametrize("processes", [[], ["-n2"]], ids=["one process", "xdist"])
def test_the_examples_of_hypothesis_are_counted_apart(
    pytester: pytest.Pytester, processes: list[str]
) -> None:
    tests = """
    from hypothesis import given, settings, strategies as st
    pytestmark = pytest.mark.anyio

    @given(st.integers())
    @settings(max_examples=5, database=None)
    async def test_drawn(n):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.sleep, 0)
    """
    result = run_tests(pytester, tests, "--anyio-backends", "--explore", *processes)

    result.assert_outcomes(passed=2, skipped=1)  # uvloop's order is its own
    result.stdout.fnmatch_lines(
        "explored: 2 tests of Hypothesis, an order drawn in each of 10 examples"
    )
    result.stdout.no_fnmatch_line("explored: 0 tests*")
