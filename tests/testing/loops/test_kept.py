"""An event loop that goes on between calls, and the private names of anyio that make it."""

import asyncio
import contextlib
from typing import cast

import anyio
import pytest

from awaits.testing import DeadlockError, VirtualClock, virtual_time
from awaits.testing.clock import timekeeper_of
from awaits.testing.loops.kept import Carried, kept_event_loop
from tests.testing.loops.shared import on_both


@on_both
def test_it_goes_on_where_the_last_call_left_it(backend: str) -> None:
    async def sleep() -> float:
        await anyio.sleep(10)
        return anyio.current_time()

    with kept_event_loop(backend, virtual_time(backend)) as loop:
        assert [loop.run_fixture(sleep, {}) for _ in range(3)] == [10, 20, 30]


@on_both
@pytest.mark.parametrize("n_swallowed", [0, 2])
def test_a_task_that_was_told_of_a_deadlock_is_not_taken_for_cancelled(
    backend: str, n_swallowed: int
) -> None:
    clock = VirtualClock()

    async def deadlock() -> None:
        run = timekeeper_of(clock).run
        assert run is not None
        with run.main_task():
            for _ in range(n_swallowed):
                with contextlib.suppress(BaseException):  # as a program with a bug does
                    await anyio.Event().wait()
            await anyio.Event().wait()

    async def n_cancellations() -> int:
        await anyio.lowlevel.checkpoint()
        task = asyncio.current_task() if backend == "asyncio" else None
        return 0 if task is None else task.cancelling()

    with kept_event_loop(backend, virtual_time(backend, clock)) as loop:
        with pytest.raises(DeadlockError):
            loop.run_fixture(deadlock, {})
        assert loop.run_fixture(n_cancellations, {}) == 0


def test_an_anyio_that_does_not_fit_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("anyio._core._eventloop.get_async_backend")

    with pytest.raises(ValueError, match=r"^This package does not fit anyio .*; install a version"):
        kept_event_loop("asyncio", {})


def test_a_cancellation_that_nobody_has_raised_again_is_forgotten_with_the_next_run() -> None:
    carried = Carried()

    async def carry(*, cancelled: bool) -> None:
        with carried.kept():
            if cancelled:
                raise asyncio.CancelledError

    asyncio.run(carry(cancelled=True))
    asyncio.run(carry(cancelled=False))
    carried.raise_again()

    asyncio.run(carry(cancelled=True))
    with pytest.raises(asyncio.CancelledError):
        carried.raise_again()
    carried.raise_again()  # once


def test_an_exit_of_the_program_is_carried() -> None:
    carried = Carried()

    def carry() -> None:
        with carried.kept():
            raise SystemExit("no such file")

    carry()
    with pytest.raises(SystemExit, match="no such file"):
        carried.raise_again()


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_a_group_is_carried_unless_it_ends_the_run(error: type[BaseException]) -> None:
    carried = Carried()

    def carry(*errors: BaseException) -> None:
        with carried.kept():
            raise BaseExceptionGroup("", errors)

    carry(pytest.fail.Exception())
    with pytest.raises(BaseExceptionGroup):
        carried.raise_again()

    with pytest.raises(BaseExceptionGroup):
        carry(ValueError(), error())
    carried.raise_again()


def test_a_group_of_a_task_that_is_cancelled_itself_is_not_carried() -> None:
    carried = Carried()

    async def cancelled() -> None:
        cast("asyncio.Task[None]", asyncio.current_task()).cancel()
        with pytest.raises(ExceptionGroup), carried.kept():
            raise ExceptionGroup("", [ValueError()])

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())
    carried.raise_again()
