"""Locks in opposite orders, wake-ups that are lost, streams that are closed."""

from collections import deque
from functools import partial

import anyio
from anyio.lowlevel import checkpoint

from awaits.testing import Schedule
from benchmarks.programs.base import Program, steps, together


async def philosophers(*, n_seats: int, in_one_order: bool) -> None:
    """Each takes the fork at the left, then the one at the right; they come one after another."""
    forks = [anyio.Lock() for _ in range(n_seats)]

    async def eat(seat: int) -> None:
        await steps(6 * seat)
        pair = [seat, (seat + 1) % n_seats]
        first, second = sorted(pair) if in_one_order else pair
        async with forks[first]:
            await checkpoint()
            async with forks[second]:
                await checkpoint()

    await together(*(partial(eat, seat) for seat in range(n_seats)))


async def flush_within_append(*, locked_once: bool) -> None:
    """A full buffer is flushed by who fills it, and he holds the lock already."""
    lock = anyio.Lock()
    buffer: list[int] = []

    async def flush() -> None:
        async with lock:
            buffer.clear()

    async def append(item: int) -> None:
        async with lock:
            buffer.append(item)
            if len(buffer) == 4:
                if locked_once:
                    buffer.clear()
                else:
                    await flush()

    async def fill() -> None:
        for item in range(10):
            await append(item)
            await steps(3)

    async def flush_often() -> None:
        for _ in range(10):
            await steps(3)
            await flush()

    await together(fill, flush_often)


async def checked_before_waiting(*, at_once: bool) -> None:
    """A consumer sees no item, then says that it waits; the item comes in between."""
    items: list[str] = []
    waiting: list[anyio.Event] = []

    async def consume() -> None:
        while not items:
            if not at_once:
                await checkpoint()  # to write a log
            waiting.append(anyio.Event())
            await waiting[-1].wait()
        items.pop()

    async def produce() -> None:
        await steps(10)
        items.append("item")
        for event in waiting:
            event.set()

    await together(consume, produce)


async def notified_without_a_state(*, has_state: bool) -> None:
    """A notification that comes before the wait is gone."""
    condition = anyio.Condition()
    is_ready = False

    async def wait() -> None:
        await steps(2)
        async with condition:
            while not (has_state and is_ready):
                await condition.wait()
                if not has_state:
                    break

    async def notify() -> None:
        nonlocal is_ready
        await steps(25)
        async with condition:
            is_ready = True
            condition.notify_all()

    await together(wait, notify)


async def woken_too_late(*, looks_again: bool) -> None:
    """Who is woken for an item takes it without a look; another one may have come first."""
    condition = anyio.Condition()
    items: deque[int] = deque()

    async def take() -> None:
        async with condition:
            if looks_again:
                while not items:
                    await condition.wait()
            elif not items:
                await condition.wait()
            items.popleft()

    async def come_by() -> None:
        await steps(16)
        async with condition:
            if items:
                items.popleft()

    async def bring() -> None:
        for item in range(2):
            await steps(10)
            async with condition:
                items.append(item)
                condition.notify()

    await together(take, come_by, bring)


async def closed_by_the_first(*, has_clones: bool) -> None:
    """Two producers share one end of a stream; who is through first closes it for both."""
    send, receive = anyio.create_memory_object_stream[str](10)

    async def produce(stream: anyio.abc.ObjectSendStream[str], begins: int, n_steps: int) -> None:
        async with stream:
            await steps(begins)
            await stream.send("item")
            await steps(n_steps)

    async def quick() -> None:
        await steps(4)
        if has_clones:
            await produce(clone, 0, 0)
        else:
            await send.send("item")

    with receive, send.clone() as clone:
        await together(quick, lambda: produce(send, 1, 18))


async def empty_taken_for_the_end(*, asks: bool) -> None:
    """A consumer stops at an empty queue; its producer is ahead of it, as a rule."""
    queue: deque[int] = deque()
    is_through = False
    taken: list[int] = []

    async def produce() -> None:
        nonlocal is_through
        for item in range(12):
            queue.append(item)
            await checkpoint()
        is_through = True

    async def consume() -> None:
        await steps(8)
        while queue or (asks and not is_through):
            if queue:
                taken.append(queue.popleft())
            await checkpoint()

    await together(produce, consume)
    assert taken == list(range(12))


PROGRAMS = [
    Program(
        "two philosophers",
        "inversions",
        wrong=partial(philosophers, n_seats=2, in_one_order=False),
        right=partial(philosophers, n_seats=2, in_one_order=True),
        deviations=1,
        witness=Schedule({(1, 2): 5}),
    ),
    Program(
        "three philosophers",
        "inversions",
        wrong=partial(philosophers, n_seats=3, in_one_order=False),
        right=partial(philosophers, n_seats=3, in_one_order=True),
        deviations=2,
        witness=Schedule({(1, 3): 14, (2, 3): 5}),
    ),
    Program(
        "five philosophers",
        "inversions",
        wrong=partial(philosophers, n_seats=5, in_one_order=False),
        right=partial(philosophers, n_seats=5, in_one_order=True),
        deviations=4,
        witness=Schedule({(1, 2): 39, (2, 2): 13, (3, 15): 16, (4, 13): 7}),
    ),
    Program(
        "a lock taken again by its owner",
        "inversions",
        wrong=partial(flush_within_append, locked_once=False),
        right=partial(flush_within_append, locked_once=True),
        deviations=1,
        witness=Schedule({(1, 1): 16}),
    ),
    Program(
        "looked before it waited",
        "lost wake-ups",
        wrong=partial(checked_before_waiting, at_once=False),
        right=partial(checked_before_waiting, at_once=True),
        deviations=1,
        witness=Schedule({(1, 2): 10}),
    ),
    Program(
        "notified before it waited",
        "lost wake-ups",
        wrong=partial(notified_without_a_state, has_state=False),
        right=partial(notified_without_a_state, has_state=True),
        deviations=1,
        witness=Schedule({(1, 1): 24}),
    ),
    Program(
        "woken for what another took",
        "lost wake-ups",
        wrong=partial(woken_too_late, looks_again=False),
        right=partial(woken_too_late, looks_again=True),
        deviations=1,
        witness=Schedule({(1, 2): 24}),
    ),
    Program(
        "closed while another sends",
        "streams",
        wrong=partial(closed_by_the_first, has_clones=False),
        right=partial(closed_by_the_first, has_clones=True),
        deviations=1,
        witness=Schedule({(1, 1): 16}),
    ),
    Program(
        "empty taken for the end",
        "streams",
        wrong=partial(empty_taken_for_the_end, asks=False),
        right=partial(empty_taken_for_the_end, asks=True),
        deviations=1,
        witness=Schedule({(1, 1): 9}),
    ),
]
