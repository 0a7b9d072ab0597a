"""What the end of the output says of what `--explore` did."""

import time

import pytest

from awaits.testing.plugin import explore as explore_module
from awaits.testing.plugin import tally
from tests.testing.plugin.shared import explore


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
