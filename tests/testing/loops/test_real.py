"""Real time is real beside what freezes the functions of `time`, as freezegun does."""

import threading
import time

import anyio
import anyio.to_thread
import pytest

from awaits.testing import virtual_time
from awaits.testing.loops import real
from tests.testing.loops.shared import on_both


@pytest.fixture(autouse=True)
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("monotonic", "perf_counter", "time"):
        monkeypatch.setattr(time, name, lambda: 0.0)


def test_it_goes_on() -> None:
    before = real.seconds()
    time.sleep(0.01)
    assert real.seconds() - before >= 0.009


@on_both
def test_time_moves_on_while_a_worker_waits_for_a_task(backend: str) -> None:
    async def main() -> float:
        event = threading.Event()

        async def wait() -> None:
            await anyio.to_thread.run_sync(event.wait)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            await anyio.sleep(1)
            event.set()
        return anyio.current_time()

    assert anyio.run(main, backend=backend, backend_options=virtual_time(backend)) == 1.0
