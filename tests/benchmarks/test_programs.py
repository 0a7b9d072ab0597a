"""The programs with bugs pass in the loops' own order, and only the right ones in any other."""

import random

import pytest

from awaits.testing import Schedule
from benchmarks.programs import PROGRAMS
from tests.testing.races import play

pytestmark = [
    pytest.mark.parametrize("backend", ["asyncio", "trio"]),
    pytest.mark.parametrize("name", PROGRAMS),
]

N_DRAWN = 5


def draw(rng: random.Random, *, cancels: bool) -> Schedule:
    """Draw a schedule of a few delays, or of a slow task, and a cancellation."""
    holds = {
        (rng.randint(1, 8), rng.randint(1, 20)): int(2 ** rng.uniform(0, 7))
        for _ in range(rng.randint(1, 6))
    }
    if rng.random() < 0.3:
        slow, n_steps = rng.randint(1, 5), rng.randint(1, 20)
        holds |= {(slow, step): n_steps for step in range(1, 60)}
    return Schedule(holds, cancel=rng.randint(1, 24) if cancels else None)


def test_the_loops_own_order_passes_even_what_is_wrong(name: str, backend: str) -> None:
    program = PROGRAMS[name]
    play(program.wrong, Schedule(), backend)
    play(program.right, Schedule(), backend)


def test_a_witness_breaks_what_is_wrong_and_not_what_is_right(name: str, backend: str) -> None:
    program = PROGRAMS[name]
    with pytest.raises(Exception):  # noqa: B017, PT011 each bug raises its own
        play(program.wrong, program.witness, backend)
    play(program.right, program.witness, backend)


def test_what_is_right_survives_schedules_drawn(name: str, backend: str) -> None:
    program = PROGRAMS[name]
    rng = random.Random(name)
    for _ in range(N_DRAWN):
        play(program.right, draw(rng, cancels="cancel" in program.needs), backend)
