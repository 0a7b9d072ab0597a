"""The seven bugs that the first version of the kit was measured by.

All but one pass in the order of their sleeps, which stand in for I/O that could as well take
longer: what is late must be late in virtual time.
"""

from functools import partial

import anyio
from anyio.lowlevel import checkpoint

from awaits.testing import Schedule
from benchmarks.programs.base import CANCEL, JITTER, Program, cancellable, together


async def lost_update(*, locked: bool) -> None:
    balance = 0
    lock = anyio.Lock()

    async def deposit() -> None:
        nonlocal balance
        before = balance
        await anyio.sleep(1)
        balance = before + 100

    async def deposit_alone() -> None:
        async with lock:
            await deposit()

    async def later() -> None:
        await anyio.sleep(2)
        await (deposit_alone if locked else deposit)()

    await together(deposit_alone if locked else deposit, later)
    assert balance == 200


async def double_fetch(*, locked: bool) -> None:
    cache: dict[str, str] = {}
    fetched: list[str] = []
    lock = anyio.Lock()

    async def get(key: str) -> None:
        if key not in cache:
            fetched.append(key)
            await anyio.sleep(1)
            cache[key] = "page"

    async def get_alone(key: str) -> None:
        async with lock:
            await get(key)

    async def visitor(arrives: float) -> None:
        await anyio.sleep(arrives)
        await (get_alone if locked else get)("home")

    await together(*(partial(visitor, arrives) for arrives in (0, 2, 4)))
    assert fetched == ["home"]


async def out_of_order(*, in_one_task: bool) -> None:
    published: list[int] = []

    async def publish(number: int) -> None:
        await checkpoint()
        published.append(number)

    async def publish_all() -> None:
        for number in range(4):
            await publish(number)

    publishers = [partial(publish, number) for number in range(4)]
    await together(*([publish_all] if in_one_task else publishers))
    assert published == [0, 1, 2, 3]


async def reader_before_writer(*, waits: bool) -> None:
    written = anyio.Event()
    read: list[bool] = []

    async def writer() -> None:
        await anyio.sleep(1)
        written.set()

    async def reader() -> None:
        if waits:
            await written.wait()
        else:
            await anyio.sleep(2)
        read.append(written.is_set())

    await together(writer, reader)
    assert read == [True]


async def released_by_the_wrong_path(*, asks: bool) -> None:
    one_at_a_time = anyio.Semaphore(1)
    inside = most_inside = 0

    async def work() -> None:
        nonlocal inside, most_inside
        inside += 1
        most_inside = max(most_inside, inside)
        await anyio.sleep(1)
        inside -= 1

    async def patient() -> None:
        async with one_at_a_time:
            await work()

    async def impatient() -> None:
        with anyio.move_on_after(2) as patience:
            await one_at_a_time.acquire()
        if not (asks and patience.cancelled_caught):
            one_at_a_time.release()  # which it may not have

    async def late(arrives: float) -> None:
        await anyio.sleep(arrives)
        await patient()

    await together(patient, impatient, partial(late, 3), partial(late, 5))
    assert most_inside == 1


async def cancelled_before_recording(*, records_first: bool) -> None:
    connections = 0
    in_use: list[str] = []

    async def connect() -> str:
        nonlocal connections
        connections += 1
        try:
            await anyio.sleep(1)
        except BaseException:
            connections -= 1
            raise
        return "connection"

    async def client() -> None:
        connection = await connect()
        if records_first:
            in_use.append(connection)
        await checkpoint()
        if not records_first:
            in_use.append(connection)

    await cancellable(client)
    assert connections == len(in_use)


async def two_locks(*, in_one_order: bool) -> None:
    left, right = anyio.Lock(), anyio.Lock()

    async def move(first: anyio.Lock, second: anyio.Lock) -> None:
        async with first:
            await anyio.sleep(1)
            async with second:
                await anyio.sleep(1)

    async def later() -> None:
        await anyio.sleep(3)
        await (move(left, right) if in_one_order else move(right, left))

    await together(partial(move, left, right), later)


PROGRAMS = [
    Program(
        "a lost update",
        "seven",
        wrong=partial(lost_update, locked=False),
        right=partial(lost_update, locked=True),
        deviations=1,
        witness=Schedule({(1, 2): 1}, jitter=4),
        needs=JITTER,
    ),
    Program(
        "a cache that fetches twice",
        "seven",
        wrong=partial(double_fetch, locked=False),
        right=partial(double_fetch, locked=True),
        deviations=1,
        witness=Schedule({(1, 2): 1}, jitter=4),
        needs=JITTER,
    ),
    Program(
        "events out of order",
        "seven",
        wrong=partial(out_of_order, in_one_task=False),
        right=partial(out_of_order, in_one_task=True),
        deviations=1,
        witness=Schedule({(1, 1): 1}),
    ),
    Program(
        "a reader before its writer",
        "seven",
        wrong=partial(reader_before_writer, waits=False),
        right=partial(reader_before_writer, waits=True),
        deviations=1,
        witness=Schedule({(1, 1): 2}, jitter=4),
        needs=JITTER,
    ),
    Program(
        "a lock released by the wrong path",
        "seven",
        wrong=partial(released_by_the_wrong_path, asks=False),
        right=partial(released_by_the_wrong_path, asks=True),
        deviations=1,
        witness=Schedule({(1, 3): 3}, jitter=4),
        needs=JITTER,
    ),
    Program(
        "cancelled before recording",
        "seven",
        wrong=partial(cancelled_before_recording, records_first=False),
        right=partial(cancelled_before_recording, records_first=True),
        deviations=1,
        witness=Schedule(cancel=2),
        needs=CANCEL,
    ),
    Program(
        "two locks in opposite order",
        "seven",
        wrong=partial(two_locks, in_one_order=False),
        right=partial(two_locks, in_one_order=True),
        deviations=1,
        witness=Schedule({(1, 2): 1}, jitter=4),
        needs=JITTER,
    ),
]
