"""How many orders it takes to find each bug of `benchmarks.programs`, and how small it shrinks.

    python -m benchmarks.explore [NAME...]
    python -m benchmarks.explore --save docs/data/strength.json

For each program and event loop: how many of ten seeds found it within 1,000 orders, the median
number of orders until then, and the deviations of the schedules that they shrank to.
"""

import argparse
import json
import platform
import random
import statistics
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

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


class Row(NamedTuple):
    """The result of exploring one program on one event loop."""

    program: str
    family: str
    event_loop: str
    found: int  # of how many seeds
    median: float  # orders, of those that found it
    most: int
    deviations: list[int]  # that are left, the fewest first
    known: int  # the fewest that are known


def row(program: Program, backend: str) -> Row:
    """Explore a program with each seed."""
    found = [it for seed in range(SEEDS) if (it := find(program, backend, seed))]
    orders = sorted(number for number, _ in found) or [0]
    sizes = sorted({deviations(schedule) for _, schedule in found})
    median = statistics.median(orders)
    return Row(
        program.name,
        program.family,
        backend,
        len(found),
        median,
        orders[-1],
        sizes,
        program.deviations,
    )


def main() -> None:
    """Print a row for each program and event loop."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.explore")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--save", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    print(f"{'program':41}{'loop':9}{'found':>6}{'median':>8}{'most':>6}  deviations (known)")
    rows: list[Row] = []
    for program in PROGRAMS.values():
        if arguments.names and program.name not in arguments.names:
            continue
        for backend in "asyncio", "trio":
            it = row(program, backend)
            rows.append(it)
            print(
                f"{it.program:41}{backend:9}{it.found:>6}{it.median:>8.0f}{it.most:>6}  "
                f"{it.deviations} ({it.known})",
                flush=True,
            )
    print(f"{sum(it.found for it in rows)} of {SEEDS * len(rows)}")
    if arguments.save is not None:
        data = {
            "command": "python -m benchmarks.explore --save docs/data/strength.json",
            "date": datetime.now(UTC).date().isoformat(),
            "python": platform.python_version(),
            "seeds": SEEDS,
            "orders": ORDERS,
            "rows": [it._asdict() for it in rows],
        }
        arguments.save.write_text(json.dumps(data, indent=1) + "\n")


if __name__ == "__main__":
    random.seed(0)
    main()
