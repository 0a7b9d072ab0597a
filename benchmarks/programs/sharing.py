"""What tasks share, looked at before an await and changed after it."""

from functools import partial

import anyio
from anyio.lowlevel import checkpoint

from awaits.testing import Schedule
from benchmarks.programs.base import Program, steps, together


async def sold_twice(*, takes_first: bool) -> None:
    """A customer pays between seeing the last piece and getting it."""
    stock = 1

    async def buy(arrives: int) -> None:
        nonlocal stock
        await steps(arrives)
        if stock == 0:
            return
        if takes_first:
            stock -= 1
        await steps(3)
        if not takes_first:
            stock -= 1

    await together(partial(buy, 1), partial(buy, 9))
    assert stock == 0


async def total_before_await(*, at_once: bool) -> None:
    """`total += await f()` reads the total before the await."""
    total = 0

    async def amount() -> int:
        await steps(2)
        return 1

    async def add(arrives: int) -> None:
        nonlocal total
        await steps(arrives)
        if at_once:
            more = await amount()
            total += more
        else:
            total += await amount()

    await together(*(partial(add, arrives) for arrives in (0, 6, 12)))
    assert total == 3


async def stampede(*, locked: bool) -> None:
    """A cache is filled by each visitor who comes before the first page is there."""
    pages: dict[str, str] = {}
    n_fetches = 0
    lock = anyio.Lock()

    async def get() -> None:
        nonlocal n_fetches
        if "home" not in pages:
            n_fetches += 1
            await steps(2)
            pages["home"] = "page"

    async def visit(arrives: int) -> None:
        await steps(arrives)
        if locked:
            async with lock:
                await get()
        else:
            await get()

    await together(*(partial(visit, 5 * number) for number in range(8)))
    assert n_fetches < 3  # so many the server can bear


async def gather_in_order(*, by_place: bool) -> None:
    """What comes back is taken to be in the order of what was asked."""
    asked = ["a", "b", "c"]
    came: list[str] = []
    places: dict[int, str] = {}

    async def ask(place: int, what: str) -> None:
        await steps(2)
        came.append(what)
        places[place] = what

    await together(*(partial(ask, place, what) for place, what in enumerate(asked)))
    assert asked == ([places[place] for place in range(3)] if by_place else came)


async def changed_while_iterated(*, copies: bool) -> None:
    """A subscriber leaves while others are being told: the set changes in the loop."""
    subscribers = {"a", "b", "c", "d"}

    async def broadcast() -> None:
        for _ in tuple(subscribers) if copies else subscribers:
            await checkpoint()

    async def leave() -> None:
        await steps(10)
        subscribers.discard("a")

    await together(broadcast, leave)


async def removed_twice(*, asks: bool) -> None:
    """A client and the reaper of idle connections remove the same one."""
    pool = {"connection": 1}

    async def client() -> None:
        await steps(2)
        if "connection" in pool:
            await checkpoint()  # to say goodbye
            if asks:
                pool.pop("connection", None)
            else:
                del pool["connection"]

    async def reap() -> None:
        await steps(14)
        pool.pop("connection", None)

    await together(client, reap)


async def released_twice(*, asks: bool) -> None:
    """A watchdog releases the slot of a job that takes too long, and so does the job."""
    slots = anyio.Semaphore(1, max_value=1)
    is_released = False

    async def work() -> None:
        nonlocal is_released
        await slots.acquire()
        await steps(3)
        if not (asks and is_released):
            is_released = True
            slots.release()

    async def watch() -> None:
        nonlocal is_released
        await steps(20)
        if not is_released and slots.value == 0:
            is_released = True
            slots.release()

    await together(work, watch)


async def swapped_back(*, has_versions: bool) -> None:
    """The top of a stack is the same as before, and what is below it is not (ABA)."""
    stack = ["bottom", "middle", "top"]
    taken: list[str] = []
    version = 0

    async def pop_if_unchanged() -> None:
        nonlocal stack, version
        is_done = False
        while not is_done:
            seen, seen_version, below = stack[-1], version, stack[:-1]
            await checkpoint()
            if version == seen_version if has_versions else stack[-1] == seen:
                stack = below
                version += 1
                taken.append(seen)
                is_done = True

    async def pop_two_and_put_one_back() -> None:
        nonlocal version
        await steps(8)
        for _ in range(2):
            taken.append(stack.pop())
            version += 1
            await checkpoint()
        stack.append(taken.pop(-2))
        version += 1

    await together(pop_if_unchanged, pop_two_and_put_one_back)
    assert sorted([*taken, *stack]) == ["bottom", "middle", "top"]


PROGRAMS = [
    Program(
        "the last piece sold twice",
        "sharing",
        wrong=partial(sold_twice, takes_first=False),
        right=partial(sold_twice, takes_first=True),
        deviations=1,
        witness=Schedule({(1, 3): 6}),
    ),
    Program(
        "a total read before an await",
        "sharing",
        wrong=partial(total_before_await, at_once=False),
        right=partial(total_before_await, at_once=True),
        deviations=1,
        witness=Schedule({(1, 2): 9}),
    ),
    Program(
        "a stampede",
        "sharing",
        wrong=partial(stampede, locked=False),
        right=partial(stampede, locked=True),
        deviations=2,
        witness=Schedule({(1, 2): 55, (2, 8): 20}),
    ),
    Program(
        "results taken in the order of asking",
        "sharing",
        wrong=partial(gather_in_order, by_place=False),
        right=partial(gather_in_order, by_place=True),
        deviations=1,
        witness=Schedule({(1, 1): 1}),
    ),
    Program(
        "a set changed in its loop",
        "sharing",
        wrong=partial(changed_while_iterated, copies=False),
        right=partial(changed_while_iterated, copies=True),
        deviations=1,
        witness=Schedule({(1, 2): 7}),
    ),
    Program(
        "removed twice",
        "sharing",
        wrong=partial(removed_twice, asks=False),
        right=partial(removed_twice, asks=True),
        deviations=1,
        witness=Schedule({(1, 4): 12}),
    ),
    Program(
        "released twice",
        "sharing",
        wrong=partial(released_twice, asks=False),
        right=partial(released_twice, asks=True),
        deviations=1,
        witness=Schedule({(1, 2): 17}),
    ),
    Program(
        "swapped back",
        "sharing",
        wrong=partial(swapped_back, has_versions=False),
        right=partial(swapped_back, has_versions=True),
        deviations=1,
        witness=Schedule({(1, 2): 10}),
    ),
]
