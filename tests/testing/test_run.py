"""Virtual time without pytest: the options that anyio.run takes."""

import os
import signal
import threading
import time
from unittest import mock

import anyio
import anyio.from_thread
import anyio.to_thread
import pytest

from awaits.testing import DeadlockError, VirtualClock, virtual_time
from awaits.testing.clock import timekeeper_of
from awaits.testing.loops.timekeeper import Timekeeper

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


class TestRuns:
    pytestmark = pytest.mark.real_time

    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_each_run_begins_at_zero_also_with_one_clock(self, backend: str) -> None:
        async def begin() -> float:
            before = anyio.current_time()
            await anyio.sleep(5)
            return before

        clock = VirtualClock()
        options = virtual_time(backend, clock)
        for _ in range(2):
            assert anyio.run(begin, backend=backend, backend_options=options) == 0.0
            assert clock.time() == 5.0

    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_a_clock_that_is_held_before_a_run_stands_until_it_is_moved(self, backend: str) -> None:
        async def main() -> None:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(anyio.sleep, 5)
                await anyio.wait_all_tasks_blocked()
                assert anyio.current_time() == 0.0
                clock.release()

        clock = VirtualClock()
        options = virtual_time(backend, clock)
        clock.hold()
        anyio.run(main, backend=backend, backend_options=options)
        assert clock.time() == 5.0
        clock.hold()
        with pytest.raises(DeadlockError):
            anyio.run(anyio.sleep, 1, backend=backend, backend_options=options)
        anyio.run(anyio.sleep, 1, backend=backend, backend_options=options)  # a hold is of one run
        assert clock.time() == 1.0

    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_other_runs_are_as_they_were(self, backend: str) -> None:
        async def main() -> None:
            started = time.monotonic()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(anyio.sleep, 0.02)
                await anyio.wait_all_tasks_blocked()
            assert await anyio.to_thread.run_sync(lambda: anyio.from_thread.run(one)) == 1
            assert time.monotonic() - started >= 0.02

        async def one() -> int:
            return 1

        anyio.run(anyio.sleep, 1, backend=backend, backend_options=virtual_time(backend))
        anyio.run(main, backend=backend)

    def test_uvloop_has_no_virtual_time(self) -> None:
        with pytest.raises(ValueError, match="its own timers and queue; choose asyncio or trio"):
            virtual_time("asyncio+uvloop")

    def test_an_unknown_backend_is_refused(self) -> None:
        with pytest.raises(ValueError, match=r"There is no event loop 'curio'"):
            virtual_time("curio")

    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    @pytest.mark.parametrize("clock", [VirtualClock, 3, False])
    def test_what_is_no_clock_is_refused(self, backend: str, clock: VirtualClock) -> None:
        with pytest.raises(ValueError, match=r"^clock must be .* VirtualClock\(\), or None, not "):
            virtual_time(backend, clock)

    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_ctrl_c_ends_a_run_that_waits_for_the_world_outside(self, backend: str) -> None:
        async def wait_for_a_thread() -> None:
            release = threading.Event()
            threading.Timer(0.05, os.kill, [os.getpid(), signal.SIGINT]).start()
            try:
                await anyio.to_thread.run_sync(release.wait, abandon_on_cancel=True)
            finally:
                release.set()

        with pytest.raises((KeyboardInterrupt, BaseExceptionGroup)):
            anyio.run(wait_for_a_thread, backend=backend, backend_options=virtual_time(backend))

    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_an_error_of_the_kit_inside_the_loop_ends_the_run(self, backend: str) -> None:
        # On trio, run as a guest by anyio's runner, it would hang if it were raised there.
        broken = mock.patch.object(Timekeeper, "move", side_effect=AssertionError("broken"))
        with broken, pytest.raises(AssertionError, match=r"^broken$"):
            anyio.run(anyio.sleep, 1, backend=backend, backend_options=virtual_time(backend))

    @pytest.mark.virtual_time
    async def test_an_error_of_the_kit_inside_the_loop_ends_the_test(
        self, virtual_clock: VirtualClock
    ) -> None:
        run = timekeeper_of(virtual_clock).run
        assert run is not None
        broken = mock.patch.object(Timekeeper, "move", side_effect=AssertionError("broken"))
        with pytest.raises(AssertionError, match=r"^broken$"), run.main_task(), broken:
            await anyio.sleep(1)
