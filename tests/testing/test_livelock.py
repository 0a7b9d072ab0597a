"""A run that goes on for ever at one instant ends, and tells who runs and where."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import nullcontext, suppress

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from awaits.testing import DeadlockError, LivelockError, Schedule, VirtualClock, virtual_time
from awaits.testing.clock import timekeeper_of
from awaits.testing.loops._asyncio.loop import TURNS_OF_CANCELLATION
from awaits.testing.loops.timekeeper import LEAST_TURNS
from tests.testing.loops.shared import on_both


async def spin() -> None:
    while True:
        await anyio.lowlevel.checkpoint()


async def main_spins() -> None:
    with anyio.fail_after(5):
        await spin()


async def child_spins() -> None:
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(spin)
            tasks.start_soon(anyio.sleep_forever)


async def spins_in_an_order() -> None:
    with Schedule({(1, 1): 2}):
        await child_spins()


def check_livelock(backend: str, main: Callable[[], Awaitable[None]], turns: int) -> str:
    with pytest.raises(LivelockError) as raised:
        anyio.run(main, backend=backend, backend_options=virtual_time(backend, turns=turns))
    assert isinstance(raised.value, DeadlockError)
    first, *lines = str(raised.value).splitlines()
    assert first.startswith(f"At 0.0 s, time has stood still for {turns:,} turns")
    (line,) = lines  # who waits is not told
    return line


WHERE = f"tests/testing/test_livelock.py:{spin.__code__.co_firstlineno + 2}, in spin"


@on_both
def test_the_main_task_is_told_and_named(backend: str) -> None:
    assert check_livelock(backend, main_spins, 1_000) == f"  the main task runs at {WHERE}"


@on_both
@pytest.mark.parametrize("main", [child_spins, spins_in_an_order])
def test_another_task_is_named(backend: str, main: Callable[[], Awaitable[None]]) -> None:
    assert check_livelock(backend, main, 1_000) == f"  spin runs at {WHERE}"


@on_both
@pytest.mark.parametrize("main", [main_spins, child_spins, spins_in_an_order])
def test_ten_turns_are_enough_for_the_tasks_to_end(
    backend: str, main: Callable[[], Awaitable[None]]
) -> None:
    check_livelock(backend, main, LEAST_TURNS)


@on_both
@pytest.mark.parametrize("turns", [100, 1_000])
def test_on_asyncio_it_ends_after_so_many_turns_and_on_trio_after_a_tenth_more_at_most(
    backend: str, turns: int
) -> None:
    n_turns = 0

    async def main() -> None:
        nonlocal n_turns
        while True:
            n_turns += 1
            await anyio.lowlevel.checkpoint()

    check_livelock(backend, main, turns)
    most = turns if backend == "asyncio" else 1.1 * turns
    assert turns - 2 <= n_turns <= most + 2


@on_both
def test_turns_count_from_the_last_moment_in_which_nothing_could_run(backend: str) -> None:
    async def main() -> None:
        for _ in range(10):
            for _ in range(50):
                await anyio.lowlevel.checkpoint()
            await anyio.sleep(1)

    anyio.run(main, backend=backend, backend_options=virtual_time(backend, turns=60))


@on_both
def test_turns_of_a_schedule_count_as_those_of_all_tasks_together(backend: str) -> None:
    async def turns() -> None:
        for _ in range(50):
            await anyio.lowlevel.checkpoint()

    async def main() -> None:
        with Schedule({(1, 1): 1}):  # on trio, one task takes a step a turn
            async with anyio.create_task_group() as tasks:
                for _ in range(10):
                    tasks.start_soon(turns)

    anyio.run(main, backend=backend, backend_options=virtual_time(backend, turns=100))


@pytest.mark.parametrize(
    ("backend", "in_executor"), [("asyncio", False), ("asyncio", True), ("trio", False)]
)
def test_one_who_turns_until_a_thread_is_back_sees_that_it_is(
    backend: str, in_executor: bool
) -> None:
    async def main() -> None:
        back: list[bool] = []

        async def work() -> None:
            if in_executor:
                await asyncio.get_running_loop().run_in_executor(None, time.sleep, 0.001)
            else:
                await anyio.to_thread.run_sync(time.sleep, 0.001)
            back.append(True)

        async with anyio.create_task_group() as tasks:
            for n in range(1, 101):  # some come back a turn before the last
                tasks.start_soon(work)
                while len(back) < n:
                    await anyio.lowlevel.checkpoint()

    anyio.run(main, backend=backend, backend_options=virtual_time(backend, turns=20))


async def cleans_up(wait: Callable[[], Awaitable[object]]) -> None:
    try:
        await anyio.sleep_forever()
    finally:
        await wait()


async def in_a_scope_that_cancels_it_at_each_turn(wait: Callable[[], Awaitable[object]]) -> None:
    with anyio.move_on_after(3):
        async with asyncio.TaskGroup() as tasks:  # which bears it until all of its own have ended
            tasks.create_task(cleans_up(wait))


@pytest.mark.anyio
@pytest.mark.virtual_time
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("schedule", [None, Schedule({(1, 2): "idle"})])
async def test_a_scope_that_cancels_at_each_turn_lets_time_move(schedule: Schedule | None) -> None:
    with schedule or nullcontext():
        await in_a_scope_that_cancels_it_at_each_turn(lambda: asyncio.sleep(60))
    assert anyio.current_time() == 63.0


async def swallows_some() -> None:
    for _ in range(5):
        with suppress(BaseException):
            await anyio.sleep_forever()


@pytest.mark.anyio
@pytest.mark.virtual_time
@pytest.mark.parametrize("ends", [anyio.sleep_forever, spin, swallows_some])
async def test_time_stands_still_where_many_turns_came_before_the_scope_was_cancelled(
    ends: Callable[[], Awaitable[None]],
) -> None:
    enough = anyio.Event()

    async def works() -> None:
        for _ in range(2 * TURNS_OF_CANCELLATION):
            await anyio.lowlevel.checkpoint()
        enough.set()
        await ends()

    with anyio.move_on_after(60) as scope:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(works)
            await enough.wait()
            tasks.cancel_scope.cancel()
    assert (anyio.current_time(), scope.cancel_called) == (0.0, False)


@pytest.mark.parametrize("idle", [0.0, 60.0])
def test_time_stands_still_in_such_a_scope_while_another_thread_works(idle: float) -> None:
    async def ask() -> None:
        keeper.idle = idle  # not before the scope is cancelled, or that would wait as long
        loop = asyncio.get_running_loop()
        answered = loop.create_future()

        def answer() -> None:
            for _ in range(0 if idle else 1_000):
                if not keeper.stood_still:  # which the report of a failing test tells
                    time.sleep(0.001)
            loop.call_soon_threadsafe(answered.set_result, None)

        # A timer's thread waits, and does not work.
        thread = threading.Timer(0.02, answer) if idle else threading.Thread(target=answer)
        thread.start()
        await asyncio.wait_for(answered, 10)
        keeper.idle = 0.0
        ended.append(loop.time())

    ended: list[float] = []
    clock = VirtualClock()
    keeper, options = timekeeper_of(clock), virtual_time("asyncio", clock)
    anyio.run(in_a_scope_that_cancels_it_at_each_turn, ask, backend_options=options)
    assert ended == [3.0]
    assert keeper.stood_still > 0 or idle


def test_time_stands_still_beside_such_a_scope_while_another_task_runs() -> None:
    async def main() -> None:
        with anyio.move_on_after(3.5):  # and the other task with it
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(in_a_scope_that_cancels_it_at_each_turn, lambda: asyncio.sleep(60))
                await anyio.sleep(3)
                await spin()

    with pytest.raises(LivelockError, match=r"At 3\.0 s"):
        anyio.run(main, backend_options=virtual_time("asyncio", turns=5_000))


def test_such_a_scope_that_waits_for_nothing_ends_in_a_livelock() -> None:
    with pytest.raises(LivelockError, match=r"At 3\.0 s"):
        anyio.run(
            in_a_scope_that_cancels_it_at_each_turn,
            asyncio.Event().wait,
            backend_options=virtual_time("asyncio"),
        )


@pytest.mark.parametrize("other", ["time", "slow_callback_duration"])
def test_another_clock_in_the_event_loop_is_named(other: str) -> None:
    async def main() -> None:
        setattr(asyncio.get_running_loop(), other, lambda: 0.0)
        for _ in range(10_000):
            await asyncio.sleep(1)  # until 1 s, again and again

    with pytest.raises((LivelockError, TimeoutError)) as raised:
        anyio.run(in_a_minute, main, backend_options=virtual_time("asyncio", turns=1_000))
    notes = getattr(raised.value, "__notes__", [])
    assert any("there can be only one clock" in it for it in notes) == (other == "time")


async def in_a_minute(main: Callable[[], Awaitable[None]]) -> None:
    with anyio.fail_after(60):
        await main()
