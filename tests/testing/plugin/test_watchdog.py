"""The thread that looks after a test: what it does when the test ends meanwhile."""

import time

import anyio
import pytest
from anyio.lowlevel import checkpoint

from awaits.testing.plugin.watchdog import SECONDS_TO_ANSWER, Watchdog

pytestmark = pytest.mark.anyio


async def test_what_is_over_is_not_cancelled_any_more() -> None:
    late = anyio.Event()
    times: list[str] = []

    def cancel() -> None:
        times.append("cancelled")
        late.set()

    watchdog = Watchdog(0.01, "it is late", cancel)
    with watchdog:
        await late.wait()
        # Meanwhile it asks the event loop to cancel again, which can do so when this has ended.
        time.sleep(SECONDS_TO_ANSWER * 1.5)  # noqa: ASYNC251
    await checkpoint()
    await checkpoint()
    assert times == ["cancelled"]
    assert watchdog.report.startswith("After 0.01 s, it is late:\n")
