"""The seven bugs of benchmarks/programs/seven.py, looked for by Hypothesis."""

from typing import NamedTuple

import anyio
from hypothesis import HealthCheck, given, settings

from awaits.testing import Schedule, schedules, virtual_time
from benchmarks.programs import PROGRAMS, cancel_scope
from benchmarks.programs.base import Run

RACES = {name: program for name, program in PROGRAMS.items() if program.family == "seven"}


# How late a step may be, in virtual seconds: the sleeps of these programs stand for calls.
JITTER = 4.0


class Found(NamedTuple):
    """What Hypothesis found: after how many examples, and what it shrank to."""

    n_examples: int
    schedule: Schedule
    error: Exception


def play(program: Run, schedule: Schedule, backend: str) -> None:
    async def main() -> None:
        with schedule:
            token = cancel_scope.set(schedule.cancel_scope)
            try:
                await program()
            finally:
                cancel_scope.reset(token)

    anyio.run(main, backend=backend, backend_options=virtual_time(backend))


def falsify(program: Run, backend: str, how: settings) -> Found | None:
    """Look for a schedule that breaks a program."""
    n_examples = 0
    failures: list[tuple[int, Schedule]] = []

    @settings(how, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(schedule=schedules(jitter=JITTER))
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
