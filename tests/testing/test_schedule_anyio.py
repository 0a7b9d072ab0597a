"""anyio's own promises, under any schedule."""

import math
import threading

import anyio
import anyio.from_thread
import anyio.to_thread
import pytest
from anyio.lowlevel import checkpoint
from hypothesis import given, settings
from hypothesis import strategies as st

from awaits.testing import DeadlockError, Schedule, VirtualClock, schedules, virtual_time
from tests.testing.shared import Log, steps

pytestmark = pytest.mark.anyio


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
@settings(max_examples=20)
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
@given(schedule=schedules())
def test_a_deadlock_is_told_under_any_schedule(schedule: Schedule, backend: str) -> None:
    async def wait() -> None:
        with schedule:
            async with anyio.create_task_group() as group:
                group.start_soon(steps, "a", 2, [])
                await anyio.Event().wait()

    options = virtual_time(backend)
    with pytest.raises(DeadlockError):
        anyio.run(wait, backend=backend, backend_options=options)


@settings(max_examples=20)
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
