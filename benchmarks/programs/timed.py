"""Timeouts and leases: a step is late by some seconds of virtual time, 4 at most."""

from functools import partial

import anyio

from awaits.testing import Schedule
from benchmarks.programs.base import JITTER, Program, steps, together


async def paid_twice(*, has_number: bool) -> None:
    """A client asks again after a timeout; the server has charged, and only its answer is late."""
    charged: list[int] = []

    async def serve(number: int, answered: anyio.Event) -> None:
        await anyio.sleep(1)
        if not (has_number and number in charged):
            charged.append(number)
        await anyio.sleep(1)
        answered.set()

    async with anyio.create_task_group() as requests:
        for _ in range(2):
            answered = anyio.Event()
            requests.start_soon(serve, 7, answered)
            with anyio.move_on_after(3):
                await answered.wait()
                break
    assert charged == [7]


async def lease_ran_out(*, asks: bool) -> None:
    """Who holds a lease writes after it has run out, while the next one writes."""
    owner = "nobody"
    runs_out = 0.0
    balance = n_written = 0

    async def write(name: str, arrives: float, takes: float) -> None:
        nonlocal owner, runs_out, balance, n_written
        await anyio.sleep(arrives)
        while owner != "nobody" and anyio.current_time() < runs_out:  # noqa: ASYNC110 leases end in time
            await anyio.sleep(1)
        owner, runs_out = name, anyio.current_time() + 5
        before = balance
        await anyio.sleep(takes)
        if asks and owner != name:
            return
        balance = before + 1
        n_written += 1
        owner = "nobody"

    await together(lambda: write("first", 0, 3), lambda: write("second", 6, 2))
    assert balance == n_written


async def answer_to_another(*, looks: bool) -> None:
    """After a timeout a client reads on, and takes the late answer for the one to its next."""
    questions, asked = anyio.create_memory_object_stream[int](10)
    answers, answered = anyio.create_memory_object_stream[int](10)

    async def serve() -> None:
        async for question in asked:
            await anyio.sleep(1)
            await answers.send(question)

    async def ask() -> None:
        for question in range(2):
            await questions.send(question)
            with anyio.move_on_after(3):
                answer = await answered.receive()
                while looks and answer != question:
                    answer = await answered.receive()
                assert answer == question
        questions.close()

    with questions, asked, answers, answered:
        await together(serve, ask)


async def two_late_replies(*, waits: bool) -> None:
    """A vote is lost only when two of three voters are late, each by more than two seconds."""
    votes: list[bool] = []
    voted = [anyio.Event() for _ in range(3)]

    async def vote(number: int) -> None:
        await anyio.sleep(1 + number / 10)
        votes.append(True)
        voted[number].set()
        await steps(3)

    async def count() -> None:
        await anyio.sleep(3)
        if waits:
            for event in voted:
                await event.wait()
        assert len(votes) >= 2

    await together(lambda: vote(0), lambda: vote(1), lambda: vote(2), count)


PROGRAMS = [
    Program(
        "paid twice",
        "timeouts",
        wrong=partial(paid_twice, has_number=False),
        right=partial(paid_twice, has_number=True),
        deviations=1,
        witness=Schedule({(1, 1): 1}, jitter=4),
        needs=JITTER,
    ),
    Program(
        "a lease that ran out",
        "timeouts",
        wrong=partial(lease_ran_out, asks=False),
        right=partial(lease_ran_out, asks=True),
        deviations=1,
        witness=Schedule({(1, 3): 1}, jitter=4),
        needs=JITTER,
    ),
    Program(
        "the answer to another question",
        "timeouts",
        wrong=partial(answer_to_another, looks=False),
        right=partial(answer_to_another, looks=True),
        deviations=1,
        witness=Schedule({(1, 4): 1}, jitter=4),
        needs=JITTER,
    ),
    Program(
        "two of three votes late",
        "timeouts",
        wrong=partial(two_late_replies, waits=False),
        right=partial(two_late_replies, waits=True),
        deviations=2,
        witness=Schedule({(2, 2): 1, (3, 1): 6}, jitter=4),
        needs=JITTER,
    ),
]
