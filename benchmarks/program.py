"""What the program costs beyond its waiting, in time and memory: `python -m benchmarks.program`.

It prints ratios and differences within one run, because no two machines agree on seconds.
"""

import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from unittest import mock

import anyio
import anyio.lowlevel

from awaits import individual_task, main

BACKENDS = ("asyncio", "trio")


def ignore(_event: object) -> None:
    """Take what the program reports, and do nothing."""


async def no_time(_seconds: float) -> None:
    """Stand in for a sleep: let the other tasks run, and do nothing else."""
    await anyio.lowlevel.checkpoint()


async def bare(n_tasks: int) -> None:
    """Do what `main` does, as directly as anyio allows."""
    async with anyio.create_task_group() as tasks:
        for number in range(1, n_tasks + 1):
            tasks.start_soon(lambda n: individual_task(n, report=ignore), number)


async def program(n_tasks: int) -> None:
    await main(n_tasks, report=ignore)


async def limited(n_tasks: int) -> None:
    await main(n_tasks, limit=1_000, report=ignore)


def seconds(function: Callable[[int], Awaitable[None]], n_tasks: int, backend: str) -> float:
    with mock.patch("awaits.tasks.anyio.sleep", no_time):
        before = time.perf_counter()
        anyio.run(function, n_tasks, backend=backend)
        return time.perf_counter() - before


def peak_memory(n_tasks: int, backend: str) -> int:
    """Return the peak of a process that runs the program with a limit, in kilobytes."""
    code = f"from benchmarks.program import *; print_peak({n_tasks}, {backend!r})"
    printed = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    return int(printed.stdout)


def print_peak(n_tasks: int, backend: str) -> None:
    seconds(limited, n_tasks, backend)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def follow(process: subprocess.Popen[str]) -> tuple[float, float]:
    """Return how long after its longest task `awaits run` printed its last line, and ended."""
    assert process.stdout is not None
    drawn = [0]
    first = last = 0.0
    for line in process.stdout:
        last = time.perf_counter()
        first = first or last
        drawn += [int(n) for n in re.findall(r"^\d+\t(\d+)$", line)]
    process.wait()
    longest = max(drawn)
    return last - first - longest, time.perf_counter() - first - longest


def benchmark() -> None:
    print("`awaits run 20`, in milliseconds after its longest task")
    for backend in BACKENDS:
        command = [sys.executable, "-m", "awaits", "run", "20", "--backend", backend]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            line, end = follow(process)
        print(f"  {backend:8} last line {line * 1e3:6.1f}   process ended {end * 1e3:6.1f}")

    print("peak memory of main(1_000_000, limit=1_000) over main(10_000, limit=1_000)")
    for backend in BACKENDS:
        small, large = (peak_memory(n, backend) for n in (10_000, 1_000_000))
        print(f"  {backend:8} {large / small:.3f}   ({small} kB, {large} kB)")

    print("cost of a task over a bare task group, 20,000 tasks, median of 9 alternating pairs")
    for backend in BACKENDS:
        for name, function in (("main(n)", program), ("main(n, limit=1_000)", limited)):
            ratios = [
                seconds(function, 20_000, backend) / seconds(bare, 20_000, backend)
                for _ in range(9)
            ]
            print(f"  {backend:8} {name:21} {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    benchmark()
