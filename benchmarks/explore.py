"""How many orders it takes to find each bug of `benchmarks.programs`, and how small it shrinks.

    python -m benchmarks.explore [NAME...]

For each program and event loop: how many of ten seeds found it within the budget, the median number
of orders until then, and the deviations of the smallest schedule that each seed shrank to.
"""

import random
import statistics
import sys
from contextlib import AbstractContextManager

import anyio

from awaits.testing import Schedule, virtual_time
from awaits.testing.explore import Explorer
from awaits.testing.shrink import shrink
from benchmarks.programs import PROGRAMS
from benchmarks.programs.base import Program, Run

SEEDS = 10
ORDERS = 1_000
JITTER = 4.0  # seconds, for the programs whose sleeps stand for calls


def fails(run: Run, order: AbstractContextManager[object], backend: str) -> bool:
    """Tell whether a program fails in an order of its tasks."""

    async def main() -> None:
        with order:
            await run()

    try:
        anyio.run(main, backend=backend, backend_options=virtual_time(backend))
    except Exception:  # noqa: BLE001 however it fails
        return True
    return False


def find(program: Program, backend: str, seed: int) -> tuple[int, Schedule] | None:
    """Return after how many orders a program fails, and the schedule that this shrinks to."""
    explorer = Explorer(
        f"{program.name} {seed}",
        jitter=JITTER if "jitter" in program.needs else 0.0,
        cancel="cancel" in program.needs,
    )
    for number, trial in enumerate(explorer.trials(ORDERS), 1):
        if fails(program.wrong, trial, backend):
            return number, shrink(trial.schedule, lambda it: fails(program.wrong, it, backend))
    return None


def deviations(schedule: Schedule) -> int:
    """Count what a schedule changes."""
    delays = schedule.delays
    return (0 if callable(delays) else len(delays)) + (schedule.cancel is not None)


def main(names: list[str]) -> None:
    """Print a row for each program and event loop."""
    print(f"{'program':34}{'loop':9}{'found':>6}{'median':>8}{'most':>6}  deviations (known)")
    all_found = tries = 0
    for program in PROGRAMS.values():
        if names and program.name not in names:
            continue
        for backend in "asyncio", "trio":
            found = [it for seed in range(SEEDS) if (it := find(program, backend, seed))]
            tries, all_found = tries + SEEDS, all_found + len(found)
            orders = sorted(number for number, _ in found) or [0]
            sizes = sorted({deviations(schedule) for _, schedule in found})
            print(
                f"{program.name[:33]:34}{backend:9}{len(found):>6}"
                f"{statistics.median(orders):>8.0f}{orders[-1]:>6}  {sizes} ({program.deviations})",
                flush=True,
            )
    print(f"{all_found} of {tries}")


if __name__ == "__main__":
    random.seed(0)
    main(sys.argv[1:])
