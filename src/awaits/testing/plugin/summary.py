"""What the end of a run says of the tests that it left alone, and of options without effect."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from awaits.testing.plugin.notes import IN_REAL_TIME, noted
from awaits.testing.plugin.runners import NAMES

# A run that ends so may not know all tests.
_BROKEN_OFF = (
    pytest.ExitCode.USAGE_ERROR,
    pytest.ExitCode.INTERNAL_ERROR,
    pytest.ExitCode.INTERRUPTED,
)
_OF_WHOLE_SUITE = "--virtual-time", "--explore", "--explore-cancel"
# The options that set a feature, by the plugin that is registered where a test uses it.
_SET_FEATURE = {
    "awaits-explore": (
        "--explore",
        ["--explore-jitter", "--explore-known", "--explore-plot", "--explore-seed"],
    ),
    "awaits-time": ("--virtual-time", ["--virtual-time-idle", "--virtual-time-wall"]),
}


class Suite(NamedTuple):
    """What was found in a suite that is taken as a whole."""

    options: str
    """By which options."""
    n_of_unittest: int
    """How many async tests unittest runs."""
    has_others: bool
    """Whether there are other async tests."""
    takes_any: bool
    """Whether a plugin that the kit knows runs any of them."""


def sentences(
    terminal: "pytest.TerminalReporter", exitstatus: int | pytest.ExitCode, suite: Suite | None
) -> Iterator[str]:
    """Yield what to say at the end of a run.

    Args:
        terminal: Has all reports, from whichever process.
        exitstatus: How the run ended.
        suite: What was found, if the suite was taken as a whole.
    """
    n = sum(
        IN_REAL_TIME in noted(report)
        for reports in terminal.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
    )
    if n:
        tests = "1 test" if n == 1 else f"{n} tests"
        yield (
            f"virtual time: {tests} ran in real time, with an event loop or a clock of its own (a "
            "loop_factory, an event_loop_policy, a MockClock)."
        )
    if suite is not None and (n := suite.n_of_unittest):
        tests = "1 async test was" if n == 1 else f"{n} async tests were"
        yield (
            f"{suite.options}: {tests} left alone, because unittest runs "
            f"{'it' if n == 1 else 'them'}; the kit takes those that {NAMES} runs."
        )
    if exitstatus not in _BROKEN_OFF:
        yield from _without_effect(terminal.config, suite)


def _without_effect(config: pytest.Config, suite: Suite | None) -> Iterator[str]:
    """Yield a sentence for each option without effect: no test used the feature that it sets."""
    given = [option for option in _OF_WHOLE_SUITE if config.getoption(option)]
    if given and suite is not None and not suite.takes_any:
        told = f"{', '.join(given)} had no effect: there is no async test that {NAMES} runs"
        if suite.has_others:
            plugin = "asyncio" if config.pluginmanager.has_plugin("asyncio") else "anyio"
            told += f"; set {plugin}_mode = auto in the ini file for those that there are"
        yield f"{told}."
    if config.pluginmanager.has_plugin("dsession"):
        return  # other processes know
    for plugin, (feature, options) in _SET_FEATURE.items():
        if not config.pluginmanager.has_plugin(plugin):
            for option in options:
                if config.getoption(option) is not None:
                    yield f"{option} had no effect: no test ran with {feature}."
