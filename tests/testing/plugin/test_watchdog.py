"""The thread that looks after a test: what it does when the test ends meanwhile."""

import time

import anyio
import pytest
from anyio.lowlevel import checkpoint

from awaits.testing.plugin import watchdog
from awaits.testing.plugin.watchdog import SECONDS_TO_ANSWER, Watchdog
from tests.testing.plugin.shared import run_tests


@pytest.mark.anyio
async def test_what_is_over_is_not_cancelled_any_more() -> None:
    late = anyio.Event()
    times: list[str] = []

    def cancel() -> None:
        times.append("cancelled")
        late.set()

    dog = Watchdog(0.01, "it is late", cancel)
    with dog:
        await late.wait()
        # Meanwhile it asks the event loop to cancel again, which can do so when this has ended.
        time.sleep(SECONDS_TO_ANSWER * 1.5)  # noqa: ASYNC251
    await checkpoint()
    await checkpoint()
    assert times == ["cancelled"]
    assert dog.report.startswith("After 0.01 s, it is late:\n")


TOLD = """
    async def test_waits_for_a_thread():
        try:
            await anyio.to_thread.run_sync(time.sleep, 1)
        finally:
            print("it has ended")
"""


def test_what_goes_on_though_it_is_cancelled_is_told_before_it_ends(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "SECONDS_TO_ANSWER", 0.05)
    result = run_tests(pytester, TOLD, "--anyio-timeout=0.1", "--anyio-backends=trio")

    result.assert_outcomes(failed=1)
    result.stderr.fnmatch_lines(
        [
            "*::test_waits_for_a_thread?trio?: After 0.1 s, the test has not ended:",
            "  the main task waits at *, for a worker thread",
            "  It was cancelled, and has not ended since.",
        ]
    )


FROZEN = """
    @pytest.mark.parametrize("began", [{began}])
    async def test_it(monkeypatch, began):
        monkeypatch.setattr(time, "monotonic", lambda: began + {passed})
        await anyio.sleep(60)
"""


@pytest.mark.parametrize(
    ("passed", "options", "is_told"),
    [
        ("0", ["--anyio-backends=asyncio"], True),
        ("0", ["--anyio-backends=trio"], False),  # which has another clock
        ("time.perf_counter()", ["--anyio-backends=asyncio"], False),
    ],
)
def test_a_clock_that_is_frozen_is_told(
    pytester: pytest.Pytester, passed: str, options: list[str], is_told: bool
) -> None:
    test = FROZEN.format(began=time.monotonic(), passed=passed)
    result = run_tests(pytester, test, "--anyio-timeout=0.2", *options)

    result.assert_outcomes(failed=1)
    line = "  the event loop's clock stands still, because time.monotonic() is frozen, *"
    result.stdout.fnmatch_lines("After 0.2 s, the test has not ended:")
    if is_told:
        result.stdout.fnmatch_lines([line])
    else:
        result.stdout.no_fnmatch_line(line)


def test_a_limit_may_be_longer_than_a_thread_can_wait(pytester: pytest.Pytester) -> None:
    tests = """
    async def test_option(): pass

    @pytest.mark.anyio_timeout(1e12)
    async def test_marker(): pass
    """
    result = run_tests(pytester, tests, "--anyio-timeout=1e300", "-Werror")

    result.assert_outcomes(passed=4)
