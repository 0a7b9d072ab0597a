"""Seven bugs that another order of the tasks brings out, each beside the program that is right.

A program fails an assertion, or never ends, when it is broken. All of them pass in the order of
their sleeps, which stand in for I/O that could as well take longer.
"""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import NamedTuple, TypeAlias

import anyio
from anyio.lowlevel import checkpoint
from hypothesis import HealthCheck, given, settings

from awaits.testing import Schedule, schedules, virtual_time

Program: TypeAlias = Callable[[Schedule], Coroutine[object, object, None]]


async def together(
    schedule: Schedule, *functions: Callable[[], Coroutine[object, object, None]]
) -> None:
    with schedule:
        async with anyio.create_task_group() as tasks:
            for function in functions:
                tasks.start_soon(function)


async def lost_update(schedule: Schedule, *, locked: bool) -> None:
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

    await together(schedule, deposit_alone if locked else deposit, later)
    assert balance == 200


async def double_fetch(schedule: Schedule, *, locked: bool) -> None:
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

    await together(schedule, *(partial(visitor, arrives) for arrives in (0, 2, 4)))
    assert fetched == ["home"]


async def out_of_order(schedule: Schedule, *, in_one_task: bool) -> None:
    published: list[int] = []

    async def publish(number: int) -> None:
        await checkpoint()
        published.append(number)

    async def publish_all() -> None:
        for number in range(4):
            await publish(number)

    publishers = [partial(publish, number) for number in range(4)]
    await together(schedule, *([publish_all] if in_one_task else publishers))
    assert published == [0, 1, 2, 3]


async def reader_before_writer(schedule: Schedule, *, waits: bool) -> None:
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

    await together(schedule, writer, reader)
    assert read == [True]


async def released_by_the_wrong_path(schedule: Schedule, *, asks: bool) -> None:
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

    await together(schedule, patient, impatient, partial(late, 3), partial(late, 5))
    assert most_inside == 1


async def cancelled_before_recording(schedule: Schedule, *, records_first: bool) -> None:
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
        nonlocal connections
        connection = await connect()
        if records_first:
            in_use.append(connection)
        await checkpoint()
        if not records_first:
            in_use.append(connection)

    with schedule, schedule.cancel_scope():
        await client()
    connections -= len(in_use)
    assert connections == 0


async def two_locks(schedule: Schedule, *, in_one_order: bool) -> None:
    left, right = anyio.Lock(), anyio.Lock()

    async def move(first: anyio.Lock, second: anyio.Lock) -> None:
        async with first:
            await anyio.sleep(1)
            async with second:
                await anyio.sleep(1)

    async def later() -> None:
        await anyio.sleep(3)
        await (move(left, right) if in_one_order else move(right, left))

    await together(schedule, partial(move, left, right), later)


class Race(NamedTuple):
    wrong: Program
    right: Program


RACES: dict[str, Race] = {
    "a lost update": Race(partial(lost_update, locked=False), partial(lost_update, locked=True)),
    "a cache that fetches twice": Race(
        partial(double_fetch, locked=False), partial(double_fetch, locked=True)
    ),
    "events out of order": Race(
        partial(out_of_order, in_one_task=False), partial(out_of_order, in_one_task=True)
    ),
    "a reader before its writer": Race(
        partial(reader_before_writer, waits=False), partial(reader_before_writer, waits=True)
    ),
    "a lock released by the wrong path": Race(
        partial(released_by_the_wrong_path, asks=False),
        partial(released_by_the_wrong_path, asks=True),
    ),
    "cancelled before recording": Race(
        partial(cancelled_before_recording, records_first=False),
        partial(cancelled_before_recording, records_first=True),
    ),
    "two locks in opposite order": Race(
        partial(two_locks, in_one_order=False), partial(two_locks, in_one_order=True)
    ),
}


class Found(NamedTuple):
    """What Hypothesis found: after how many examples, and what it shrank to."""

    n_examples: int
    schedule: Schedule
    error: Exception


def play(program: Program, schedule: Schedule, backend: str) -> None:
    anyio.run(program, schedule, backend=backend, backend_options=virtual_time(backend))


def falsify(program: Program, backend: str, how: settings) -> Found | None:
    """Look for a schedule that breaks a program."""
    n_examples = 0
    failures: list[tuple[int, Schedule]] = []

    @settings(how, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(schedule=schedules())
    def passes(schedule: Schedule) -> None:
        nonlocal n_examples
        n_examples += 1
        try:
            play(program, schedule, backend)
        except BaseException:
            failures.append((n_examples, schedule))
            raise

    try:
        passes()
    except Exception as error:  # noqa: BLE001 whatever breaks the program
        return Found(failures[0][0], failures[-1][1], error)
    return None
