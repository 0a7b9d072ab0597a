"""What a schedule promises, told in the same orders of events on asyncio and on trio."""

import itertools
import socket
from collections.abc import Awaitable, Callable
from functools import partial

import anyio
import anyio.to_thread
import pytest
import trio
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint
from hypothesis import given, settings

from awaits.testing import Schedule, schedules
from tests.testing.shared import Log, play, steps

pytestmark = pytest.mark.anyio


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
    ("schedule", "order"),
    [
        (Schedule(), "a1 b1 a2 b2"),
        (Schedule({(1, 2): 9}), "a1 b1 a2 b2"),  # a's step runs before time moves on
        (Schedule({(1, 2): 9}, jitter=0.9), "a1 b1 a2 b2"),
        (Schedule({(1, 2): 1}, jitter=1), "a1 b1 b2 a2"),  # a is late at 1.0, while b wakes at 2.0
        (Schedule({(1, 2): "idle"}, jitter=1), "a1 b1 b2 a2"),
    ],
)
async def test_a_step_may_be_late_by_the_jitter(schedule: Schedule, order: str) -> None:
    log: Log = []

    async def sleeper(name: str, seconds: float) -> None:
        log.append(f"{name}1")
        await anyio.sleep(seconds)
        log.append(f"{name}2")

    with schedule:
        async with anyio.create_task_group() as group:
            group.start_soon(sleeper, "a", 1)
            group.start_soon(sleeper, "b", 2)
    assert (" ".join(log), anyio.current_time()) == (order, 2.0)


@pytest.mark.virtual_time
async def test_a_step_may_be_late_by_the_jitter_while_another_task_waits_for_a_socket() -> None:
    log: Log = []
    ours, theirs = socket.socketpair()

    async def read() -> None:
        await anyio.wait_readable(ours)

    async def sleeper(name: str, seconds: float) -> None:
        await anyio.sleep(seconds)
        log.append(name)

    with ours, theirs:
        async with anyio.create_task_group() as beside:
            beside.start_soon(read)
            await anyio.wait_all_tasks_blocked()
            with Schedule({(1, 2): "idle"}, jitter=1):
                async with anyio.create_task_group() as group:
                    group.start_soon(sleeper, "a", 1)
                    group.start_soon(sleeper, "b", 2)
            beside.cancel_scope.cancel()
    assert log == ["b", "a"]


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


async def order_of_50(
    wait: Callable[[], Awaitable[object]], wake: Callable[[TaskGroup], object] | None = None
) -> list[int]:
    """Return in which order 50 tasks go on, or end, that wait for the same."""
    order: list[int] = []

    async def task(number: int) -> None:
        try:
            await wait()
        finally:
            order.append(number)

    with Schedule():
        async with anyio.create_task_group() as tasks:
            for number in range(50):
                tasks.start_soon(task, number)
            if wake is not None:
                await anyio.wait_all_tasks_blocked()
                wake(tasks)
    return order


async def test_the_tasks_of_a_cancelled_scope_end_in_the_order_they_began() -> None:
    order = await order_of_50(anyio.sleep_forever, lambda tasks: tasks.cancel_scope.cancel())
    assert order == list(range(50))


async def test_the_tasks_that_an_event_wakes_go_on_in_the_order_they_began() -> None:
    event = anyio.Event()
    assert await order_of_50(event.wait, lambda _: event.set()) == list(range(50))


@pytest.mark.parametrize("anyio_backend", ["trio"])
async def test_the_tasks_that_wait_until_idle_go_on_in_the_order_they_began() -> None:
    assert await order_of_50(anyio.wait_all_tasks_blocked) == list(range(50))


@pytest.mark.parametrize("anyio_backend", ["trio"])
async def test_the_tasks_at_a_channel_that_is_closed_go_on_in_the_order_they_began() -> None:
    _, channel = trio.open_memory_channel[None](0)

    async def receive() -> None:
        with pytest.raises(trio.ClosedResourceError):
            await channel.receive()

    assert await order_of_50(receive, lambda _: channel.close()) == list(range(50))


@pytest.mark.virtual_time
async def test_the_tasks_of_one_deadline_wake_in_the_order_they_began() -> None:
    assert await order_of_50(partial(anyio.sleep, 1)) == list(range(50))


@pytest.mark.virtual_time
@pytest.mark.parametrize("anyio_backend", ["trio"])
async def test_they_do_so_though_trio_sorts_deadlines_by_addresses() -> None:
    n_steps = iter(range(50, 0, -1))

    async def wait() -> None:
        for _ in range(next(n_steps)):  # the last to begin is the first to set its deadline
            await checkpoint()
        await anyio.sleep_until(1)

    assert await order_of_50(wait) == list(range(50))


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
    with pytest.raises(
        ValueError, match=r"must be whole numbers of at least 1, (not|or .*, not) "
    ) as caught:
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
