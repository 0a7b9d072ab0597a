"""Several steps are late: of several tasks, or of one at each of its turns."""

from functools import partial

import anyio
from anyio.lowlevel import checkpoint

from awaits.testing import Schedule
from benchmarks.programs.base import Program, steps, together


async def stale_quorum(*, n_asked: int, waits: bool) -> None:
    """A read asks some of 19 replicas; it is wrong when each of those it asks is late."""
    versions = [0] * 19
    written = [anyio.Event() for _ in versions]

    async def replica(number: int) -> None:
        await steps(10)
        versions[number] = 1
        written[number].set()
        await steps(40)

    async def read() -> None:
        await steps(40)
        if waits:
            await written[5].wait()
        assert max(versions[5 : 5 + n_asked]) == 1
        await steps(10)

    await together(*(partial(replica, number) for number in range(len(versions))), read)


async def commits_reversed(*, n_writers: int, n_others: int, in_turn: bool) -> None:
    """The writers commit in the order opposite to that in which they began."""
    committed: list[int] = []
    done = [anyio.Event() for _ in range(n_writers)]

    async def write(number: int) -> None:
        await steps(25)
        if in_turn and number > 0:
            await done[number - 1].wait()
        committed.append(number)
        done[number].set()
        await steps(25)

    writers = [partial(write, number) for number in range(n_writers)]
    await together(*writers, *[partial(steps, 50)] * n_others)
    assert committed != list(reversed(range(n_writers)))


async def slow_fallback(*, checks: bool) -> None:
    """Where the connection is late, a client takes a path that has a race of its own."""
    is_connected = False
    version = 1

    async def connect() -> None:
        nonlocal is_connected
        await steps(5)
        is_connected = True

    async def client() -> None:
        await steps(12)
        if is_connected:
            return
        seen = version
        await steps(3)
        assert checks or version == seen

    async def deploy() -> None:
        nonlocal version
        await steps(30)
        version = 2

    await together(connect, client, deploy)


async def gives_up(*, n_attempts: int, locked: bool) -> None:
    """An optimistic update that gives up when others were faster at each of its attempts."""
    version = 0
    lock = anyio.Lock()

    async def update_if_unchanged() -> bool:
        nonlocal version
        seen = version
        await checkpoint()
        if version != seen:
            return False
        version += 1
        return True

    async def update() -> None:
        for _ in range(n_attempts):
            if locked:
                async with lock:
                    is_done = await update_if_unchanged()
            else:
                is_done = await update_if_unchanged()
            if is_done:
                return
        raise AssertionError("Others were faster each time.")

    async def others() -> None:
        nonlocal version
        for _ in range(2 * n_attempts):
            await steps(3)
            async with lock:
                version += 1

    await together(update, others)


async def both_give_way(*, locked: bool) -> None:
    """Two tasks in step with each other see that both want in, and give way, again and again."""
    wants = [False, False]
    lock = anyio.Lock()

    async def enter_politely(me: int) -> None:
        for _ in range(12):
            wants[me] = True
            await checkpoint()
            if not wants[1 - me]:
                await checkpoint()
                wants[me] = False
                return
            wants[me] = False
            await steps(2)
        raise AssertionError("Both gave way each time.")

    async def enter(me: int, arrives: int) -> None:
        await steps(arrives)
        if locked:
            async with lock:
                await enter_politely(me)
        else:
            await enter_politely(me)

    await together(partial(enter, 0, 1), partial(enter, 1, 6))


async def starved_writer(*, in_turn: bool) -> None:
    """A writer waits until nobody reads; readers out of step with each other leave no gap."""
    n_reading = 0
    turns = anyio.Lock()

    async def read() -> None:
        nonlocal n_reading
        for _ in range(15):
            if in_turn:
                await turns.acquire()
            n_reading += 1
            await checkpoint()
            n_reading -= 1
            if in_turn:
                turns.release()
            await checkpoint()

    async def write() -> None:
        if in_turn:
            await turns.acquire()
        for _ in range(12):
            await checkpoint()
            if n_reading == 0:
                if in_turn:
                    turns.release()
                return
        raise AssertionError("Somebody read each time.")

    await together(read, read, write)


async def answers_late(*, n_rounds: int, waits: bool) -> None:
    """A supervisor gives a worker up whose answer is late in each round."""
    asked = [anyio.Event() for _ in range(n_rounds)]
    answered = [anyio.Event() for _ in range(n_rounds)]
    n_late = 0

    async def work() -> None:
        for question, answer in zip(asked, answered, strict=True):
            await question.wait()
            await checkpoint()
            answer.set()

    async def supervise() -> None:
        nonlocal n_late
        for question, answer in zip(asked, answered, strict=True):
            question.set()
            if waits:
                await answer.wait()
            await steps(5)
            n_late += not answer.is_set()
            await answer.wait()

    await together(work, supervise, partial(steps, 20))
    assert n_late < n_rounds


PROGRAMS = [
    Program(
        "two late of 20 tasks",
        "deviations",
        wrong=partial(stale_quorum, n_asked=2, waits=False),
        right=partial(stale_quorum, n_asked=2, waits=True),
        deviations=2,
        witness=Schedule({(6, 11): 700, (7, 11): 700}),
    ),
    Program(
        "four late of 20 tasks",
        "deviations",
        wrong=partial(stale_quorum, n_asked=4, waits=False),
        right=partial(stale_quorum, n_asked=4, waits=True),
        deviations=4,
        witness=Schedule({(6, 11): 700, (7, 11): 700, (8, 11): 700, (9, 11): 700}),
    ),
    Program(
        "three commits reversed",
        "deviations",
        wrong=partial(commits_reversed, n_writers=3, n_others=3, in_turn=False),
        right=partial(commits_reversed, n_writers=3, n_others=3, in_turn=True),
        deviations=2,
        witness=Schedule({(1, 26): 2, (2, 26): 1}),
    ),
    Program(
        "four commits reversed among 10 tasks",
        "deviations",
        wrong=partial(commits_reversed, n_writers=4, n_others=6, in_turn=False),
        right=partial(commits_reversed, n_writers=4, n_others=6, in_turn=True),
        deviations=3,
        witness=Schedule({(1, 21): 3, (2, 7): 2, (3, 4): 1}),
    ),
    Program(
        "a fallback that is slow as well",
        "deviations",
        wrong=partial(slow_fallback, checks=False),
        right=partial(slow_fallback, checks=True),
        deviations=2,
        witness=Schedule({(1, 5): 15, (2, 15): 16}),
    ),
    Program(
        "three conflicts in a row",
        "alternations",
        wrong=partial(gives_up, n_attempts=3, locked=False),
        right=partial(gives_up, n_attempts=3, locked=True),
        deviations=2,
        witness=Schedule({(1, 2): 19, (1, 4): 3}),
    ),
    Program(
        "eight conflicts in a row",
        "alternations",
        wrong=partial(gives_up, n_attempts=8, locked=False),
        right=partial(gives_up, n_attempts=8, locked=True),
        deviations=6,
        witness=Schedule({(1, 2): 6, (1, 3): 2, (1, 4): 2, (1, 5): 6, (1, 7): 6, (1, 9): 3}),
    ),
    Program(
        "two who give way to each other",
        "alternations",
        wrong=partial(both_give_way, locked=False),
        right=partial(both_give_way, locked=True),
        deviations=1,
        witness=Schedule({(1, 3): 39}),
    ),
    Program(
        "a writer starved by readers out of step",
        "starvation",
        wrong=partial(starved_writer, in_turn=False),
        right=partial(starved_writer, in_turn=True),
        deviations=1,
        witness=Schedule({(1, 2): 2}),
    ),
    Program(
        "late in each of 5 rounds",
        "starvation",
        wrong=partial(answers_late, n_rounds=5, waits=False),
        right=partial(answers_late, n_rounds=5, waits=True),
        deviations=5,
        witness=Schedule({(1, 3): 7, (1, 4): 7, (1, 7): 7, (1, 8): 6, (1, 11): 4}),
    ),
]
