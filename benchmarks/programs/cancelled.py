"""A task is cancelled, alone, and what it shares with others must stay whole.

Any of the tasks may be cancelled before any of its steps, as by a cancel scope of its own.
"""

from collections import deque
from functools import partial

import anyio
from anyio.lowlevel import checkpoint

from awaits.testing import Schedule
from benchmarks.programs.base import CANCEL, Program, cancellable, steps


async def single_flight(*, hands_on: bool) -> None:
    """The first who asks fetches for all; when he is cancelled, the others wait for ever."""
    cache: dict[str, str] = {}
    flights: dict[str, anyio.Event] = {}

    async def get() -> None:
        while "page" not in cache:
            if "page" in flights:
                await flights["page"].wait()
                continue
            landed = flights["page"] = anyio.Event()
            try:
                await steps(3)
                cache["page"] = "text"
            except BaseException:
                if hands_on:
                    del flights["page"]
                    landed.set()
                raise
            landed.set()

    await cancellable(get, get)


async def slot_lost(*, at_once: bool) -> None:
    """Between getting a slot and the `try` that gives it back there is an await."""
    slots = anyio.Semaphore(2)

    async def use() -> None:
        await slots.acquire()
        if not at_once:
            await checkpoint()  # is the connection alive?
        try:
            await steps(2)
        finally:
            slots.release()

    await cancellable(*[use] * 4)
    assert slots.value == 2


async def item_lost(*, takes_last: bool) -> None:
    """An item is taken, and the one who takes it is cancelled before he has it."""
    queue = deque(range(6))
    handled: list[int] = []

    async def get() -> int:
        if takes_last:
            await checkpoint()
            return queue.popleft()
        item = queue.popleft()
        await checkpoint()
        return item

    async def consume() -> None:
        for _ in range(3):
            handled.append(await get())  # noqa: PERF401 a list made at once is lost when cancelled

    await cancellable(consume, consume)
    assert sorted([*handled, *queue]) == list(range(6))


async def unshielded_clean_up(*, shielded: bool) -> None:
    """Who is cancelled cleans up with an await, and that is cancelled, too."""
    n_open = 0

    async def use() -> None:
        nonlocal n_open
        n_open += 1
        try:
            await steps(2)
        finally:
            with anyio.CancelScope(shield=shielded):
                await checkpoint()  # to say goodbye
            n_open -= 1

    await cancellable(use, use)
    assert n_open == 0


async def stale_compensation(*, at_once: bool) -> None:
    """A cancelled transfer gives back what it took, to a balance it read before an await."""
    balance = 100
    moved = 0

    async def transfer() -> None:
        nonlocal balance, moved
        balance -= 10
        try:
            await steps(3)
            moved -= 10
        except BaseException:
            with anyio.CancelScope(shield=True):
                before = balance
                await steps(2)
                balance = (balance if at_once else before) + 10
            raise

    async def deposit() -> None:
        nonlocal balance, moved
        await steps(12)
        balance += 5
        moved += 5

    await cancellable(transfer, deposit)
    assert balance == 100 + moved


async def handed_to_a_ghost(*, leaves: bool) -> None:
    """A lock by hand: who is cancelled while waiting stays in the queue, and is handed the lock."""
    is_taken = False
    waiting: deque[anyio.Event] = deque()

    async def acquire() -> None:
        nonlocal is_taken
        if not is_taken:
            is_taken = True
            return
        mine = anyio.Event()
        waiting.append(mine)
        try:
            await mine.wait()
        except BaseException:
            if leaves:
                if mine in waiting:
                    waiting.remove(mine)
                else:
                    release()
            raise

    def release() -> None:
        nonlocal is_taken
        if waiting:
            waiting.popleft().set()
        else:
            is_taken = False

    async def use(arrives: int) -> None:
        await steps(arrives)
        await acquire()
        try:
            await steps(2)
        finally:
            release()

    await cancellable(*(partial(use, arrives) for arrives in (1, 8, 15)))


PROGRAMS = [
    Program(
        "a single flight cancelled by its caller",
        "cancellation",
        wrong=partial(single_flight, hands_on=False),
        right=partial(single_flight, hands_on=True),
        deviations=1,
        witness=Schedule(cancel=1),
        needs=CANCEL,
    ),
    Program(
        "a slot lost",
        "cancellation",
        wrong=partial(slot_lost, at_once=False),
        right=partial(slot_lost, at_once=True),
        deviations=1,
        witness=Schedule(cancel=1),
        needs=CANCEL,
    ),
    Program(
        "an item lost",
        "cancellation",
        wrong=partial(item_lost, takes_last=False),
        right=partial(item_lost, takes_last=True),
        deviations=1,
        witness=Schedule(cancel=1),
        needs=CANCEL,
    ),
    Program(
        "a clean-up cancelled as well",
        "cancellation",
        wrong=partial(unshielded_clean_up, shielded=False),
        right=partial(unshielded_clean_up, shielded=True),
        deviations=1,
        witness=Schedule(cancel=1),
        needs=CANCEL,
    ),
    Program(
        "a stale compensation",
        "cancellation with order",
        wrong=partial(stale_compensation, at_once=False),
        right=partial(stale_compensation, at_once=True),
        deviations=2,
        witness=Schedule({(1, 4): 10}, cancel=1),
        needs=CANCEL,
    ),
    Program(
        "a lock handed to a ghost",
        "cancellation with order",
        wrong=partial(handed_to_a_ghost, leaves=False),
        right=partial(handed_to_a_ghost, leaves=True),
        deviations=2,
        witness=Schedule({(1, 3): 13}, cancel=19),
        needs=CANCEL,
    ),
]
