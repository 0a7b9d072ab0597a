"""The queue that a schedule puts in: nothing raises in an event loop, and nothing hangs."""

import asyncio
import gc
import sys
import threading
import time
import weakref
from collections import deque
from unittest.mock import Mock

import anyio
import pytest
import trio
from anyio.lowlevel import checkpoint
from hypothesis import given, settings
from hypothesis import strategies as st
from trio._core._run import GLOBAL_RUN_CONTEXT

from awaits.testing import Schedule
from awaits.testing.loops.delays import Delays
from awaits.testing.loops.play import Play
from tests.testing.shared import Log, play, steps

pytestmark = pytest.mark.anyio


@pytest.mark.virtual_time
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_nothing_is_lost_that_a_thread_calls_as_a_schedule_begins_or_ends() -> None:
    loop, enough = asyncio.get_running_loop(), threading.Event()
    sent: list[int] = []
    came: list[int] = []

    def call() -> None:
        while not enough.is_set():
            sent.append(len(sent))
            loop.call_soon_threadsafe(came.append, sent[-1])
            time.sleep(0)

    thread = threading.Thread(target=call)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        thread.start()
        for _ in range(3_000):
            with Schedule():
                await checkpoint()
    finally:
        sys.setswitchinterval(before)
        enough.set()
        thread.join()
    await checkpoint()
    assert came == sent


async def test_what_each_step_reads_of_it_stands_in_slots() -> None:
    with Schedule():
        assert not [
            it for it in gc.get_objects() if isinstance(it, Play) and hasattr(it, "__dict__")
        ]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_what_the_event_loop_calls_of_a_task_is_no_step_of_it() -> None:
    task = asyncio.create_task(asyncio.sleep(60))
    with Schedule({(1, 2): 99}):
        await checkpoint()
        asyncio.get_running_loop().call_soon(task.cancel)
        await checkpoint()
        assert task.cancelling() == 1


async def test_outside_of_the_block_the_event_loop_has_its_own_queue() -> None:
    for _ in range(2):
        await play(Schedule({(1, 1): 3}), "a", "b")
        try:
            queue: object = vars(asyncio.get_running_loop())["_ready"]
        except RuntimeError:
            queue = GLOBAL_RUN_CONTEXT.runner.runq
        assert type(queue) is deque


@pytest.mark.parametrize(
    ("room", "broken"),
    [
        (Play, "_entry"),
        (Play, "_note"),
        (Play, "moment"),
        (Delays, "add"),
        (Delays, "_begin"),
        (Delays, "_ran"),
    ],
)
async def test_what_goes_wrong_in_the_kit_fails_the_test_and_loses_no_step(
    monkeypatch: pytest.MonkeyPatch, room: type, broken: str
) -> None:
    monkeypatch.setattr(room, broken, Mock(side_effect=ZeroDivisionError))
    log: Log = []
    with pytest.raises(ZeroDivisionError):
        with Schedule({(2, 2): 1}):
            async with anyio.create_task_group() as group:
                for name in "abc":
                    group.start_soon(steps, name, 3, log)
    assert sorted(log) == sorted(f"{name}{number}" for name in "abc" for number in (1, 2, 3))


async def test_what_goes_wrong_with_a_task_held_back_lets_it_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Play, "_count_await", Mock(side_effect=[None, ZeroDivisionError]))
    schedule = Schedule({(1, 1): 99}, cancel=9)
    log: Log = []
    with pytest.raises(ZeroDivisionError):
        with schedule, schedule.cancel_scope():
            async with anyio.create_task_group() as group:
                group.start_soon(steps, "a", 2, log)
                for _ in range(9):
                    await checkpoint()
                assert log == ["a1", "a2"]


async def test_a_cancelled_scope_with_a_task_held_back_does_not_turn_for_ever() -> None:
    # On asyncio, anyio's cancelled scopes call themselves at each turn until their tasks ended.
    with Schedule({(1, 1): 99, (1, 2): 99, (1, 3): 99}):
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:
                group.start_soon(checkpoint)
                scope.cancel()
    assert scope.cancel_called


@settings(max_examples=25)
@given(holds=st.dictionaries(st.tuples(*[st.integers(1, 10**6)] * 2), st.integers(1, 10**6)))
async def test_a_schedule_for_another_program_does_no_harm(
    holds: dict[tuple[int, int], int],
) -> None:
    assert len((await play(Schedule(holds), "a", "b")).split()) == 6


async def test_ten_thousand_holds_are_carried_out() -> None:
    holds = {(task, step): 7 for task in range(1, 101) for step in range(1, 101)}
    assert len((await play(Schedule(holds), *"abcdefghij", n_steps=50)).split()) == 500


async def test_an_open_schedule_keeps_no_task_alive_that_has_ended() -> None:
    tasks: list[weakref.ref[object]] = []

    async def end() -> None:
        try:
            tasks.append(weakref.ref(asyncio.current_task()))
        except RuntimeError:
            tasks.append(weakref.ref(trio.lowlevel.current_task()))
        await checkpoint()

    with Schedule():
        async with anyio.create_task_group() as group:
            group.start_soon(end)
        await checkpoint()
        gc.collect()
        assert [task() for task in tasks] == [None]
