"""What a schedule promises, told in the same orders of events on asyncio and on trio."""

import asyncio
import itertools
import math
import socket
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from unittest.mock import Mock

import anyio
import anyio.from_thread
import anyio.to_thread
import pytest
from anyio.lowlevel import checkpoint
from hypothesis import given, settings
from hypothesis import strategies as st
from trio._core._run import GLOBAL_RUN_CONTEXT

from awaits.testing import DeadlockError, Schedule, VirtualClock, schedules, virtual_time
from awaits.testing.play import Play

pytestmark = pytest.mark.anyio

Log = list[str]


async def steps(name: str, n_steps: int, log: Log) -> None:
    """Take steps, each until the next await."""
    for number in range(1, n_steps + 1):
        log.append(f"{name}{number}")
        if number < n_steps:
            await checkpoint()


async def play(schedule: Schedule, *tasks: str, n_steps: int = 3) -> str:
    """Return in which order tasks take their steps under a schedule."""
    log: Log = []
    with schedule:
        async with anyio.create_task_group() as group:
            for name in tasks:
                group.start_soon(steps, name, n_steps, log)
    return " ".join(log)


# The order.


async def test_without_deviations_tasks_run_first_in_first_out() -> None:
    assert await play(Schedule(), "a", "b", "c") == "a1 b1 c1 a2 b2 c2 a3 b3 c3"


@pytest.mark.parametrize(
    ("holds", "order"),
    [
        ({(1, 1): 1}, "b1 a1 c1 b2 a2 c2 b3 a3 c3"),
        ({(1, 1): 2}, "b1 c1 a1 b2 c2 a2 b3 c3 a3"),
        ({(2, 2): 1}, "a1 b1 c1 a2 c2 b2 a3 c3 b3"),
        ({(1, 2): 4}, "a1 b1 c1 b2 c2 b3 c3 a2 a3"),
        ({(1, 1): 2, (2, 1): 1}, "c1 b1 a1 c2 b2 a2 c3 b3 a3"),
        ({(1, 1): 1, (2, 1): 1, (3, 1): 1}, "a1 b1 c1 a2 b2 c2 a3 b3 c3"),
        ({(1, 1): 99}, "b1 c1 b2 c2 b3 c3 a1 a2 a3"),
        ({(1, 1): 99, (2, 1): 98}, "c1 c2 c3 b1 b2 b3 a1 a2 a3"),
        ({(3, 3): 1, (7, 7): 7}, "a1 b1 c1 a2 b2 c2 a3 b3 c3"),
    ],
)
async def test_a_step_is_held_back_until_others_have_taken_as_many(
    holds: dict[tuple[int, int], int], order: str
) -> None:
    assert await play(Schedule(holds), "a", "b", "c") == order


@pytest.mark.virtual_time
@pytest.mark.parametrize(
    ("holds", "order"),
    [
        ({}, "a1 b1 a2 b2"),
        ({(1, 2): 1}, "a1 b1 b2 a2"),  # a holds at 1.0, while b wakes at 2.0
        ({(1, 2): 9}, "a1 b1 b2 a2"),
    ],
)
async def test_a_step_is_held_back_while_virtual_time_moves(
    holds: dict[tuple[int, int], int], order: str
) -> None:
    log: Log = []

    async def sleeper(name: str, seconds: float) -> None:
        log.append(f"{name}1")
        await anyio.sleep(seconds)
        log.append(f"{name}2")

    with Schedule(holds):
        async with anyio.create_task_group() as group:
            group.start_soon(sleeper, "a", 1)
            group.start_soon(sleeper, "b", 2)
    assert (" ".join(log), anyio.current_time()) == (order, 2.0)


async def test_a_step_is_not_held_back_while_real_time_passes() -> None:
    log: Log = []
    with Schedule({(1, 1): 9, (1, 2): 9, (2, 2): 9}):
        async with anyio.create_task_group() as group:
            group.start_soon(steps, "a", 3, log)
            group.start_soon(anyio.sleep, 0.01)
    assert log == ["a1", "a2", "a3"]


async def test_a_step_is_held_back_until_the_event_loop_has_looked_for_others() -> None:
    log: Log = []
    ours, theirs = socket.socketpair()

    async def read() -> None:
        await anyio.wait_readable(ours)
        log.append("read")

    with ours, theirs:
        theirs.send(b"x")
        with Schedule({(1, 1): 2}):
            async with anyio.create_task_group() as group:
                group.start_soon(steps, "a", 1, log)
                group.start_soon(read)
    assert log == ["read", "a1"]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_what_the_event_loop_calls_of_a_task_is_no_step_of_it() -> None:
    task = asyncio.create_task(asyncio.sleep(60))
    with Schedule({(1, 2): 99}):
        await checkpoint()
        asyncio.get_running_loop().call_soon(task.cancel)
        await checkpoint()
        assert task.cancelling() == 1


@given(schedule=schedules())
async def test_a_schedule_gives_the_same_order_every_time(schedule: Schedule) -> None:
    names = [chr(ord("a") + number) for number in range(6)]
    assert await play(schedule, *names) == await play(schedule, *names)


orders: dict[str, str] = {}


@settings(derandomize=True, database=None)
@given(schedule=schedules())
async def test_a_schedule_gives_the_same_order_on_both_event_loops(schedule: Schedule) -> None:
    order = await play(schedule, "a", "b", "c", "d")
    assert orders.setdefault(repr(schedule), order) == order


async def test_every_order_of_three_tasks_can_be_had() -> None:
    found = {
        await play(Schedule({(1, 1): i, (2, 1): j, (3, 1): k}), "a", "b", "c", n_steps=1)
        for i, j, k in itertools.product((1, 2, 3), repeat=3)
    }
    found |= {await play(Schedule({(1, 1): i}), "a", "b", "c", n_steps=1) for i in (1, 2)}
    found.add(await play(Schedule({(2, 1): 1}), "a", "b", "c", n_steps=1))
    found.add(await play(Schedule(), "a", "b", "c", n_steps=1))
    assert found == {f"{a}1 {b}1 {c}1" for a, b, c in itertools.permutations("abc")}


async def test_the_tasks_of_a_cancelled_scope_end_in_the_order_they_began() -> None:
    ended: list[int] = []

    async def wait(number: int) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append(number)

    with Schedule():
        async with anyio.create_task_group() as group:
            for number in range(50):
                group.start_soon(wait, number)
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()
    assert ended == list(range(50))


@pytest.mark.virtual_time
async def test_the_tasks_of_one_deadline_wake_in_the_order_they_began() -> None:
    woken: list[int] = []

    async def wait(number: int) -> None:
        await anyio.sleep(1)
        woken.append(number)

    with Schedule():
        async with anyio.create_task_group() as group:
            for number in range(50):
                group.start_soon(wait, number)
    assert woken == list(range(50))


async def test_outside_of_the_block_the_event_loop_has_its_own_queue() -> None:
    for _ in range(2):
        await play(Schedule({(1, 1): 3}), "a", "b")
        try:
            queue: object = vars(asyncio.get_running_loop())["_ready"]
        except RuntimeError:
            queue = GLOBAL_RUN_CONTEXT.runner.runq
        assert type(queue) is deque


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
@pytest.mark.parametrize("n_steps", [1, 2, 3, 99])
async def test_what_is_held_back_when_the_block_ends_runs_after_it(n_steps: int) -> None:
    log: Log = []
    async with anyio.create_task_group() as group:
        with Schedule({(1, 1): n_steps}):
            group.start_soon(steps, "a", 2, log)
            group.start_soon(steps, "b", 2, log)
            await checkpoint()
            assert log == (["b1", "a1"] if n_steps == 1 else ["b1"])
    assert sorted(log) == ["a1", "a2", "b1", "b2"]


# Cancellation.


async def test_a_schedule_cancels_at_each_await_of_its_cancel_scope() -> None:
    async def run(cancel: int | None) -> tuple[Log, bool]:
        log: Log = []
        schedule = Schedule(cancel=cancel)
        with schedule:
            await checkpoint()
            with schedule.cancel_scope() as scope:
                await steps("a", 4, log)
            await checkpoint()
        return log, scope.cancelled_caught

    assert await run(1) == (["a1"], True)
    assert await run(2) == (["a1", "a2"], True)
    assert await run(3) == (["a1", "a2", "a3"], True)
    for too_late in (4, 5, 99, None):
        assert await run(too_late) == (["a1", "a2", "a3", "a4"], False)


@pytest.mark.virtual_time
async def test_a_cancellation_comes_at_once_where_a_task_sleeps() -> None:
    schedule = Schedule(cancel=1)
    with schedule, schedule.cancel_scope() as scope:
        await anyio.sleep(10)
    assert (scope.cancelled_caught, anyio.current_time()) == (True, 0.0)


async def test_the_awaits_of_tasks_in_the_cancel_scope_count_and_others_do_not() -> None:
    async def run(cancel: int) -> Log:
        log: Log = []
        schedule = Schedule(cancel=cancel)
        with schedule:
            async with anyio.create_task_group() as others:
                others.start_soon(steps, "x", 9, log)
                with schedule.cancel_scope():
                    async with anyio.create_task_group() as ours:
                        ours.start_soon(steps, "a", 3, log)
                        ours.start_soon(steps, "b", 3, log)
        return [step for step in log if not step.startswith("x")]

    # The first await is that of the task group. anyio lets every task take its first step.
    assert await run(1) == await run(2) == await run(3) == ["a1", "b1"]
    assert await run(4) == ["a1", "b1", "a2"]
    assert await run(5) == ["a1", "b1", "a2", "b2"]


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
@pytest.mark.parametrize("n_awaits", range(2, 6))
async def test_a_cancellation_that_a_shield_keeps_off_comes_once_and_harms_nothing(
    n_awaits: int,
) -> None:
    schedule = Schedule({(1, 1): 1}, cancel=1)
    go_on = anyio.Event()

    async def shielded() -> None:
        with schedule.cancel_scope(), anyio.CancelScope(shield=True):
            await go_on.wait()

    async with anyio.create_task_group() as group:
        with schedule:
            group.start_soon(shielded)
            for _ in range(n_awaits):
                await checkpoint()
        assert schedule.explanation.count("cancelled at await 1") == 1
        go_on.set()


async def test_a_cancel_scope_without_awaits_is_not_cancelled() -> None:
    schedule = Schedule(cancel=1)
    with schedule:
        with schedule.cancel_scope() as scope:
            pass
        await checkpoint()
    assert not scope.cancel_called


@pytest.mark.virtual_time
@given(schedule=schedules())
async def test_what_cleans_up_leaks_nothing_wherever_it_is_cancelled(schedule: Schedule) -> None:
    limiter = anyio.CapacityLimiter(2)

    async def work() -> None:
        async with limiter:
            await anyio.sleep(1)

    with schedule, schedule.cancel_scope():
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(work)
    assert limiter.borrowed_tokens == 0


# The explanation.


@pytest.mark.virtual_time
async def test_an_explanation_tells_who_ran_ahead_of_whom_and_where_each_stood() -> None:
    schedule = Schedule({(1, 2): 9, (2, 9): 9})
    await anyio.sleep(1.5)
    await play(schedule, "a", "b", n_steps=6)
    line = steps.__code__.co_firstlineno + 5
    file = "tests/testing/test_schedule.py"
    assert (
        schedule.explanation
        == f"""\
What Schedule({{(1, 2): 9, (2, 9): 9}}) did:
  held back before step 2: task 1, steps, {file}:{line}, at 1.5 s; 5 steps went ahead:
    task 2, steps, {file}:{line}, at 1.5 s
    task 2, steps, {file}:{line}, at 1.5 s
    task 2, steps, {file}:{line}, at 1.5 s
    and 2 more"""
    )


async def test_an_explanation_in_real_time_tells_no_time() -> None:
    schedule = Schedule({(1, 1): 1})
    await play(schedule, "a", "b")
    name = f"{steps.__module__}.steps"  # as the event loops name a task that has not begun
    assert (
        schedule.explanation
        == f"""\
What Schedule({{(1, 1): 1}}) did:
  held back before step 1: task 1, {name}, not begun; 1 step went ahead:
    task 2, {name}, not begun"""
    )


async def test_an_explanation_tells_where_a_task_was_cancelled() -> None:
    schedule = Schedule(cancel=1)
    with schedule, schedule.cancel_scope():
        await anyio.sleep_forever()
    line = test_an_explanation_tells_where_a_task_was_cancelled.__code__.co_firstlineno + 3
    assert (
        schedule.explanation
        == f"""\
What Schedule(cancel=1) did:
  cancelled at await 1 of the cancel scope: test_an_explanation_tells_where_a_task_was_cancelled, \
tests/testing/test_schedule.py:{line}"""
    )


async def test_a_schedule_that_changed_nothing_says_so() -> None:
    schedule = Schedule({(9, 9): 9})
    assert schedule.explanation == "Schedule({(9, 9): 9}) did nothing."
    await play(schedule, "a", "b")
    assert schedule.explanation == "Schedule({(9, 9): 9}) did nothing."


async def test_an_error_in_the_block_is_given_the_explanation() -> None:
    schedule = Schedule({(1, 1): 1})
    with pytest.raises(ZeroDivisionError) as caught:
        with schedule:
            async with anyio.create_task_group() as group:
                group.start_soon(checkpoint)
                group.start_soon(checkpoint)
            raise ZeroDivisionError
    assert caught.value.__notes__ == [schedule.explanation]


# Nothing raises in an event loop, and nothing hangs.


@pytest.mark.parametrize("broken", ["_admit", "_hold", "_run", "_moment"])
async def test_what_goes_wrong_in_the_kit_fails_the_test_and_loses_no_step(
    monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    monkeypatch.setattr(Play, broken, Mock(side_effect=ZeroDivisionError))
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


# anyio's own promises, under any schedule.


@pytest.mark.virtual_time
@given(schedule=schedules())
async def test_a_lock_lets_one_in(schedule: Schedule) -> None:
    lock, inside = anyio.Lock(), 0

    async def enter() -> None:
        nonlocal inside
        for _ in range(3):
            async with lock:
                inside += 1
                await anyio.sleep(1)
                assert inside == 1
                inside -= 1

    with schedule:
        async with anyio.create_task_group() as group:
            for _ in range(4):
                group.start_soon(enter)
    assert anyio.current_time() >= 12


@pytest.mark.virtual_time
@given(schedule=schedules(), n_tokens=st.integers(1, 3))
async def test_a_semaphore_and_a_limiter_let_as_many_in_as_they_say(
    schedule: Schedule, n_tokens: int
) -> None:
    semaphore, limiter = anyio.Semaphore(n_tokens), anyio.CapacityLimiter(n_tokens)
    inside: list[str] = []

    async def enter(name: str, door: anyio.Semaphore | anyio.CapacityLimiter) -> None:
        async with door:
            inside.append(name)
            await anyio.sleep(1)
            assert inside.count(name) <= n_tokens
            inside.remove(name)

    with schedule:
        async with anyio.create_task_group() as group:
            for _ in range(4):
                group.start_soon(enter, "semaphore", semaphore)
                group.start_soon(enter, "limiter", limiter)
    assert (semaphore.value, limiter.available_tokens) == (n_tokens, n_tokens)


@given(schedule=schedules())
async def test_an_event_wakes_all_and_only_when_it_is_set(schedule: Schedule) -> None:
    event = anyio.Event()
    woken: list[bool] = []

    async def wait() -> None:
        await event.wait()
        woken.append(event.is_set())

    with schedule:
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(wait)
            await checkpoint()
            event.set()
    assert woken == [True] * 3


@given(schedule=schedules())
async def test_a_condition_loses_no_item(schedule: Schedule) -> None:
    condition = anyio.Condition()
    items: list[int] = []
    taken: list[int] = []

    async def take() -> None:
        async with condition:
            while not items:
                await condition.wait()
            taken.append(items.pop(0))

    async def put(item: int) -> None:
        async with condition:
            items.append(item)
            condition.notify()

    with schedule:
        async with anyio.create_task_group() as group:
            for item in range(4):
                group.start_soon(take)
                group.start_soon(put, item)
    assert sorted(taken) == [0, 1, 2, 3]


@given(schedule=schedules(), size=st.sampled_from([0, 1, math.inf]))
async def test_a_stream_keeps_each_senders_order(schedule: Schedule, size: float) -> None:
    received: list[tuple[int, int]] = []

    # Each sender is given its clone: one that clones later may find the stream closed, as the
    # first version of this test did.
    async def sender(number: int, stream: anyio.abc.ObjectSendStream[tuple[int, int]]) -> None:
        async with stream:
            for item in range(3):
                await stream.send((number, item))

    async def receiver(stream: anyio.abc.ObjectReceiveStream[tuple[int, int]]) -> None:
        async with stream:
            received.extend([item async for item in stream])

    with schedule:
        send, receive = anyio.create_memory_object_stream[tuple[int, int]](size)
        async with anyio.create_task_group() as group:
            group.start_soon(receiver, receive)
            async with send:
                for number in range(3):
                    group.start_soon(sender, number, send.clone())
                await checkpoint()
    for number in range(3):
        assert [item for sender, item in received if sender == number] == [0, 1, 2]


@given(schedule=schedules())
async def test_a_task_group_ends_the_others_and_tells_the_error(schedule: Schedule) -> None:
    ended: list[str] = []

    async def wait() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append("wait")

    async def fail() -> None:
        await checkpoint()
        raise ZeroDivisionError

    with schedule:
        with pytest.raises(ExceptionGroup) as caught:
            async with anyio.create_task_group() as group:
                await group.start(starts)
                group.start_soon(wait)
                await checkpoint()
                group.start_soon(fail)
                await anyio.sleep_forever()
    assert caught.group_contains(ZeroDivisionError)
    assert len(ended) <= 1


async def starts(*, task_status: anyio.abc.TaskStatus[None]) -> None:
    await checkpoint()
    task_status.started()
    await checkpoint()


@pytest.mark.virtual_time
@given(schedule=schedules())
async def test_a_deadline_is_never_early_and_shields_hold(schedule: Schedule) -> None:
    log: Log = []

    async def work() -> None:
        with anyio.move_on_after(2) as scope:
            try:
                await anyio.sleep(5)
            finally:
                assert anyio.current_time() >= 2
                with anyio.CancelScope(shield=True):
                    await anyio.sleep(1)
                    log.append("cleaned up")
        assert scope.cancelled_caught

    with schedule:
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(work)
    assert log == ["cleaned up"] * 3


@pytest.mark.parametrize("clock", ["real", pytest.param("virtual", marks=pytest.mark.virtual_time)])
@settings(max_examples=20, deadline=None)
@given(schedule=schedules())
async def test_threads_come_back_and_may_call_into_the_event_loop(
    schedule: Schedule, clock: str
) -> None:
    log: Log = []

    def in_a_thread(name: str) -> None:
        anyio.from_thread.run(steps, name, 2, log)
        anyio.from_thread.run_sync(log.append, f"{name}3")

    with schedule:
        async with anyio.create_task_group() as group:
            for name in "ab":
                group.start_soon(anyio.to_thread.run_sync, in_a_thread, name)
            group.start_soon(steps, "c", 3, log)
    assert sorted(log) == [f"{name}{number}" for name in "abc" for number in (1, 2, 3)], clock


@pytest.mark.virtual_time
async def test_a_thread_that_waits_for_a_task_held_back_is_not_waited_for() -> None:
    released = threading.Event()

    async def release() -> None:
        await checkpoint()
        released.set()

    with Schedule({(1, 1): 99, (1, 2): 99, (2, 1): 99, (2, 2): 99}):
        async with anyio.create_task_group() as group:
            group.start_soon(release)
            await anyio.to_thread.run_sync(released.wait)


@pytest.mark.virtual_time
async def test_wait_all_tasks_blocked_waits_for_those_held_back() -> None:
    log: Log = []
    with Schedule({(1, 1): 99, (1, 2): 99}):
        async with anyio.create_task_group() as group:
            group.start_soon(steps, "a", 2, log)
            await anyio.wait_all_tasks_blocked()
            assert log == ["a1", "a2"]


async def test_a_held_clock_and_a_schedule_get_along(virtual_clock: VirtualClock) -> None:
    log: Log = []
    virtual_clock.hold()
    with Schedule({(1, 1): 99, (2, 2): 99}):
        async with anyio.create_task_group() as group:
            group.start_soon(steps, "a", 2, log)
            group.start_soon(anyio.sleep, 5)
            await virtual_clock.advance(5)
    assert (log, anyio.current_time()) == (["a1", "a2"], 5.0)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@settings(deadline=None)
@given(schedule=schedules())
def test_a_deadlock_is_told_under_any_schedule(schedule: Schedule, backend: str) -> None:
    async def wait() -> None:
        with schedule:
            async with anyio.create_task_group() as group:
                group.start_soon(steps, "a", 2, [])
                await anyio.Event().wait()

    options = virtual_time(backend)
    with pytest.raises((DeadlockError, ExceptionGroup), match=r"nothing can ever|Exceptions from"):
        anyio.run(wait, backend=backend, backend_options=options)


@settings(max_examples=20, deadline=None)
@given(schedule=schedules())
async def test_sockets_talk_under_any_schedule(schedule: Schedule) -> None:
    async def echo(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            async for data in stream:
                await stream.send(data)

    with schedule:
        async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
            async with anyio.create_task_group() as group:
                group.start_soon(listener.serve, echo)
                port: int = listener.extra(anyio.abc.SocketAttribute.local_port)
                async with await anyio.connect_tcp("127.0.0.1", port) as stream:
                    await stream.send(b"hello")
                    assert await stream.receive() == b"hello"
                group.cancel_scope.cancel()


# Misuse.


@pytest.mark.parametrize(
    ("holds", "cancel", "given"),
    [
        ({(0, 1): 1}, None, "0"),
        ({(1, 1): 0}, None, "0"),
        ({(1, -1): 1}, None, "-1"),
        ({(1, 1): 1.5}, None, "1.5"),
        ({}, 0, "0"),
        ({}, "2", "'2'"),
    ],
)
def test_numbers_that_mean_nothing_are_refused(
    holds: dict[tuple[int, int], int], cancel: int | None, given: str
) -> None:
    with pytest.raises(ValueError, match="must be whole ones of at least 1, not ") as caught:
        Schedule(holds, cancel=cancel)
    assert str(caught.value).endswith(f"not {given}.")


@pytest.mark.parametrize("holds", [{3: 5}, {(1, 2, 3): 4}, {"ab": 1}, [1, 2]])
def test_holds_of_another_shape_are_refused(holds: dict[tuple[int, int], int]) -> None:
    with pytest.raises(ValueError, match=r"such as {\(1, 2\): 3}, not "):
        Schedule(holds)


def test_a_schedule_outside_of_an_event_loop_is_refused() -> None:
    with pytest.raises(RuntimeError, match="none runs here; open it in an async test"):
        with Schedule():
            pass


async def test_a_schedule_that_is_open_is_refused() -> None:
    schedule = Schedule()
    with schedule:
        with pytest.raises(RuntimeError, match="This schedule is open already"):
            with schedule:
                pass


async def test_a_second_schedule_in_one_event_loop_is_refused() -> None:
    with Schedule():
        with pytest.raises(RuntimeError, match="Another schedule steers this event loop"):
            with Schedule():
                pass
    with Schedule():
        pass


async def test_a_schedule_that_is_open_in_another_run_is_refused() -> None:
    schedule = Schedule()

    async def other_run() -> None:
        with schedule:
            pass

    with schedule:
        with pytest.raises(RuntimeError, match="open already"):
            await anyio.to_thread.run_sync(partial(anyio.run, other_run))


async def test_a_cancel_scope_of_a_schedule_that_is_not_open_is_refused() -> None:
    with pytest.raises(RuntimeError, match="Open the schedule before its cancel scope"):
        with Schedule(cancel=1).cancel_scope():
            pass


def test_a_schedule_is_printed_as_it_is_written() -> None:
    assert repr(Schedule()) == "Schedule()"
    assert repr(Schedule({(2, 1): 3, (1, 4): 1})) == "Schedule({(1, 4): 1, (2, 1): 3})"
    assert repr(Schedule({(2, 1): 3}, cancel=4)) == "Schedule({(2, 1): 3}, cancel=4)"
    assert repr(Schedule(cancel=4)) == "Schedule(cancel=4)"


# What a user of pytest and Hypothesis sees.

COUNTER = """
    import anyio, pytest
    from hypothesis import Phase, example, given, settings
    from awaits.testing import Schedule, schedules

    pytestmark = pytest.mark.anyio
    tried = []

    %s
    async def test_no_update_is_lost(schedule: Schedule):
        counter = 0

        async def add():
            nonlocal counter
            before = counter
            await anyio.sleep(0)
            counter = before + 1

        async def add_later():
            for _ in range(3):
                await anyio.sleep(0)
            await add()

        with schedule:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(add)
                tasks.start_soon(add_later)
        with open("tried.txt", "a") as file:
            print(counter == 2, file=file)
        assert counter == 2
"""


@pytest.fixture
def run(pytester: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")

    def run(decorators: str, *args: str) -> pytest.RunResult:
        pytester.makepyfile(COUNTER % decorators)
        return pytester.runpytest("-p", "no:cacheprovider", *args)

    return run


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_failure_is_shrunk_explained_and_replayed_from_the_database(
    run: Callable[..., pytest.RunResult],
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    backend: str,
) -> None:
    # Hypothesis has one database for a process: this project's, if it runs here.
    monkeypatch.setattr(pytester, "runpytest", pytester.runpytest_subprocess)
    tried = pytester.path / "tried.txt"
    for first in ("True", "False"):  # the simplest schedule breaks nothing; a saved one does
        tried.unlink(missing_ok=True)
        result = run(
            "@given(schedule=schedules())",
            f"--anyio-backends={backend}",
            "--hypothesis-profile=default",  # without it there is no database on CI
        )
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(
            [
                "*schedule=Schedule({(1, *): *}),*",
                "*What Schedule({(1, *): *}) did:",
                "*  held back before step *: task 1, *; * ahead:",
                "*    task 2, *",
            ]
        )
        assert tried.read_text().startswith(first)


def test_a_printed_schedule_can_be_pasted_and_fails_on_both_event_loops(
    run: Callable[..., pytest.RunResult],
) -> None:
    decorators = """
    @settings(phases=[Phase.explicit])
    @example(schedule=Schedule({(1, 2): 3}))
    @given(schedule=schedules())"""
    run(decorators, "--anyio-backends=asyncio,trio").assert_outcomes(failed=2)


def test_a_schedule_by_hand_needs_no_hypothesis(run: Callable[..., pytest.RunResult]) -> None:
    decorators = '@pytest.mark.parametrize("schedule", [Schedule(), Schedule({(1, 2): 3})])'
    result = run(decorators, "--anyio-backends=asyncio,trio")
    result.assert_outcomes(passed=2, failed=2)


def test_an_event_loop_that_cannot_be_steered_skips_the_test(
    run: Callable[..., pytest.RunResult],
) -> None:
    result = run("@given(schedule=schedules())", "--anyio-backends=asyncio+uvloop", "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*A schedule cannot steer uvloop, which keeps its queue*"])
