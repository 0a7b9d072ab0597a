"""One step is late: by many steps of others, into a narrow window, or beside a busy wait."""

from functools import partial

import anyio
from anyio.lowlevel import checkpoint

from awaits.testing import Schedule
from benchmarks.programs.base import Program, Run, steps, together


async def closed_too_early(*, n_steps: int, waits: bool) -> None:
    """A server closes after many steps, and does not ask whether the request is answered."""
    is_open = True
    answered = anyio.Event()

    async def request() -> None:
        await steps(3)
        assert is_open, "The server closed before the answer."
        answered.set()

    async def serve() -> None:
        nonlocal is_open
        await steps(n_steps + 2)
        if waits:
            await answered.wait()
        is_open = False

    await together(request, serve)


async def half_changed(*, after: int, window: int, n_readers: int = 1, at_once: bool) -> None:
    """A reader sees the width changed and the height not yet; as many as `n_readers` must."""
    width = height = 1
    n_wrong = 0

    async def resize() -> None:
        nonlocal width, height
        await steps(after + 4)
        width = 2
        if not at_once:
            await steps(window)
        height = 2

    async def read() -> None:
        nonlocal n_wrong
        await steps(3)
        n_wrong += width != height

    await together(resize, *[read] * n_readers)
    assert n_wrong < n_readers


async def both_half_changed(*afters: int, window: int, at_once: bool) -> None:
    """Each reader sees its own width changed and its height not yet."""
    sizes = [[1, 1] for _ in afters]
    are_wrong = [False for _ in afters]

    async def resize(number: int) -> None:
        await steps(afters[number])
        sizes[number][0] = 2
        if not at_once:
            await steps(window)
        sizes[number][1] = 2

    async def read(number: int) -> None:
        await steps(3)
        are_wrong[number] = sizes[number] == [2, 1]

    numbers = range(len(afters))
    await together(*[partial(does, it) for does in (resize, read) for it in numbers])
    assert not all(are_wrong)


async def beside_a_busy_wait(program: Run) -> None:
    """A task asks again and again whether the program has ended: it can always run."""
    has_ended = False

    async def poll() -> None:
        while not has_ended:
            await checkpoint()

    async def work() -> None:
        nonlocal has_ended
        try:
            await program()
        finally:
            has_ended = True

    await together(work, poll)


async def spin_lock(*, at_once: bool) -> None:
    """A lock by hand, waited for busily; between seeing it free and taking it there is an await."""
    is_taken = False
    inside = most_inside = 0

    async def use(arrives: int) -> None:
        nonlocal is_taken, inside, most_inside
        await steps(arrives)
        while is_taken:
            await checkpoint()
        if not at_once:
            await checkpoint()
        is_taken = True
        inside += 1
        most_inside = max(most_inside, inside)
        await steps(2)
        inside -= 1
        is_taken = False

    await together(lambda: use(1), lambda: use(9), lambda: use(17))
    assert most_inside == 1


PROGRAMS = [
    Program(
        "late by 20 steps",
        "delays",
        wrong=partial(closed_too_early, n_steps=20, waits=False),
        right=partial(closed_too_early, n_steps=20, waits=True),
        deviations=1,
        witness=Schedule({(1, 4): 20}),
    ),
    Program(
        "late by 50 steps",
        "delays",
        wrong=partial(closed_too_early, n_steps=50, waits=False),
        right=partial(closed_too_early, n_steps=50, waits=True),
        deviations=1,
        witness=Schedule({(1, 4): 50}),
    ),
    Program(
        "late by 200 steps",
        "delays",
        wrong=partial(closed_too_early, n_steps=200, waits=False),
        right=partial(closed_too_early, n_steps=200, waits=True),
        deviations=1,
        witness=Schedule({(1, 4): 200}),
    ),
    Program(
        "a window of 3 steps",
        "windows",
        wrong=partial(half_changed, after=12, window=3, at_once=False),
        right=partial(half_changed, after=12, window=3, at_once=True),
        deviations=1,
        witness=Schedule({(2, 3): 13}),
    ),
    Program(
        "a window of 2 steps",
        "windows",
        wrong=partial(half_changed, after=30, window=2, at_once=False),
        right=partial(half_changed, after=30, window=2, at_once=True),
        deviations=1,
        witness=Schedule({(2, 1): 31}),
    ),
    Program(
        "a window of 1 step",
        "windows",
        wrong=partial(half_changed, after=50, window=1, at_once=False),
        right=partial(half_changed, after=50, window=1, at_once=True),
        deviations=1,
        witness=Schedule({(2, 4): 51}),
    ),
    Program(
        "two steps in a window of 2",
        "windows",
        wrong=partial(half_changed, after=12, window=2, n_readers=2, at_once=False),
        right=partial(half_changed, after=12, window=2, n_readers=2, at_once=True),
        deviations=2,
        witness=Schedule({(2, 4): 14, (3, 2): 15}),
    ),
    Program(
        "two windows of 2 steps",
        "windows",
        wrong=partial(both_half_changed, 12, 30, window=2, at_once=False),
        right=partial(both_half_changed, 12, 30, window=2, at_once=True),
        deviations=2,
        witness=Schedule({(3, 1): 20, (4, 1): 45}),
    ),
    Program(
        "late by 30 steps beside a busy wait",
        "busy waits",
        wrong=partial(beside_a_busy_wait, partial(closed_too_early, n_steps=30, waits=False)),
        right=partial(beside_a_busy_wait, partial(closed_too_early, n_steps=30, waits=True)),
        deviations=1,
        witness=Schedule({(3, 3): 59}),
    ),
    Program(
        "a window of 2 steps beside a busy wait",
        "busy waits",
        wrong=partial(beside_a_busy_wait, partial(half_changed, after=12, window=2, at_once=False)),
        right=partial(beside_a_busy_wait, partial(half_changed, after=12, window=2, at_once=True)),
        deviations=1,
        witness=Schedule({(4, 3): 26}),
    ),
    Program(
        "a lock waited for busily",
        "busy waits",
        wrong=partial(spin_lock, at_once=False),
        right=partial(spin_lock, at_once=True),
        deviations=1,
        witness=Schedule({(1, 4): 25}),
    ),
]
