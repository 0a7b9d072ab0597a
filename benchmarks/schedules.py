"""What a schedule costs, and what it finds: `python -m benchmarks.schedules`.

It prints three things. First, the real time of tasks under an open schedule over that of the same
tasks without one: each number is the median of alternating pairs. Second, the processor time of one
order of a small test, with `pytest --explore` and with Hypothesis. To compare, it prints that of a
plain run, of `@given` with whole numbers, and of detangle where it is installed (`uv run --group
bench python -m benchmarks.schedules`). Third, for each bug of benchmarks/programs/seven.py, in how
many examples it was found, and what it shrank to.
"""

import asyncio
import importlib.util
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import anyio
from anyio.lowlevel import checkpoint
from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy, integers

from awaits.testing import Schedule, schedules, virtual_time
from tests.testing.races import RACES, falsify

N_PAIRS = 5
N_AWAITS = 4
N_RUNS = 1_000

TEST = """
import anyio, anyio.lowlevel, pytest

async def task():
    for _ in range(10):
        await anyio.lowlevel.checkpoint()

@pytest.mark.anyio
async def test_it():
    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(task)
"""

Run = Callable[[], object]


async def task(n_awaits: int) -> None:
    for _ in range(n_awaits):
        await checkpoint()


async def tasks(n_tasks: int, n_awaits: int) -> None:
    async with anyio.create_task_group() as group:
        for _ in range(n_tasks):
            group.start_soon(task, n_awaits)


async def under(schedule: Schedule, n_tasks: int, n_awaits: int) -> None:
    with schedule:
        await tasks(n_tasks, n_awaits)


def seconds(run: Run) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def ratio(run: Run, floor: Run) -> float:
    run()
    return statistics.median(seconds(run) / seconds(floor) for _ in range(N_PAIRS))


def cost(backend: str, n_tasks: int, holds: dict[tuple[int, int], int]) -> float:
    def plain() -> None:
        anyio.run(tasks, n_tasks, N_AWAITS, backend=backend)

    def steered() -> None:
        anyio.run(under, Schedule(holds), n_tasks, N_AWAITS, backend=backend)

    return ratio(steered, plain)


def cpu_ms(run: Callable[[], int]) -> float:
    """Return the milliseconds of processor time of a run; `run` returns how many it has made."""
    began = time.process_time()
    n_runs = run()
    return (time.process_time() - began) / n_runs * 1e3


def plain_runs(backend: str) -> int:
    for _ in range(N_RUNS):
        anyio.run(tasks, 3, 10, backend=backend, backend_options=virtual_time(backend))
    return N_RUNS


def examples(backend: str, strategy: SearchStrategy[Schedule | int]) -> int:
    n_examples = 0

    @settings(max_examples=N_RUNS, database=None, deadline=None)
    @given(drawn=strategy)
    def each(drawn: Schedule | int) -> None:
        nonlocal n_examples
        n_examples += 1
        options = virtual_time(backend)
        if isinstance(drawn, Schedule):
            anyio.run(under, drawn, 3, 10, backend=backend, backend_options=options)
        else:
            anyio.run(tasks, 3, 10, backend=backend, backend_options=options)

    each()
    return n_examples


def explored_ms(backend: str) -> float:
    """Return the milliseconds of processor time of one order of `pytest --explore`."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_it.py").write_text(TEST)

        def cpu_seconds(n_orders: int) -> float:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            options = ["-q", f"--anyio-backends={backend}", "--virtual-time"]
            command = [sys.executable, "-m", "pytest", *options, f"--explore={n_orders}"]
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

        few, many = 1_000, 5_000
        pairs = [(cpu_seconds(few), cpu_seconds(many)) for _ in range(3)]
        return statistics.median(more - less for less, more in pairs) / (many - few) * 1e3


def detangle_schedules_a_second() -> float:
    import detangle  # noqa: PLC0415 may not be installed

    n_runs = 1_000
    program = partial(bare_tasks, 3, 10)
    return n_runs / seconds(lambda: detangle.explore(program, runs=n_runs, database=False))


async def bare_tasks(n_tasks: int, n_awaits: int) -> None:
    async def bare_task() -> None:
        for _ in range(n_awaits):
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        for _ in range(n_tasks):
            group.create_task(bare_task())


def detangle_cost(n_tasks: int) -> float:
    import detangle  # noqa: PLC0415 may not be installed

    config = detangle.SimConfig(max_steps=10**9)

    def steered() -> None:
        assert detangle.execute(bare_tasks, (n_tasks, N_AWAITS), config=config).ok

    return ratio(steered, lambda: asyncio.run(bare_tasks(n_tasks, N_AWAITS)))


if __name__ == "__main__":
    has_detangle = importlib.util.find_spec("detangle") is not None
    sizes = [int(size) for size in sys.argv[1:]] or [20, 1_000, 20_000]
    print(f"tasks of {N_AWAITS} awaits under a schedule, over the same tasks without one")
    print(f"{'':32}", *(f"{n_tasks:>8,}" for n_tasks in sizes))
    for backend in ("asyncio", "trio"):
        for name, step in (("the loop's own order", None), ("a hold for every tenth task", 2)):
            ratios = (
                cost(backend, n, {(it, step): 5 for it in range(1, n, 10)} if step else {})
                for n in sizes
            )
            print(f"{backend}, {name:{30 - len(backend)}}", *(f"{it:8.2f}" for it in ratios))

    if has_detangle:
        few = [n_tasks for n_tasks in sizes if n_tasks <= 1_000]  # quadratic
        print(f"{'detangle, bare asyncio':32}", *(f"{detangle_cost(n):8.2f}" for n in few))

    print("\nthree tasks of ten awaits each, in virtual time: ms of processor time")
    for backend in ("asyncio", "trio"):
        pairs = [
            [cpu_ms(partial(examples, backend, it)) for it in (schedules(), integers())]
            for _ in range(N_PAIRS)
        ]
        print(
            f"{backend}: {cpu_ms(partial(plain_runs, backend)):.2f} a plain run, "
            f"{explored_ms(backend):.2f} an order of --explore, "
            f"{statistics.median(it for it, _ in pairs):.2f} an example of schedules(), "
            f"{statistics.median(it / floor for it, floor in pairs):.2f} times one of integers()"
        )

    if has_detangle:
        print(f"detangle, on bare asyncio: {1e3 / detangle_schedules_a_second():.2f} a schedule")

    print("\nbugs: examples until found, and the smallest schedule")
    for name, race in RACES.items():
        for backend in ("asyncio", "trio"):
            found = [falsify(race.wrong, backend, settings(max_examples=100)) for _ in range(5)]
            counts = [it.n_examples if it else None for it in found]
            print(
                f"{name}, {backend}: {counts}, {sorted({repr(it and it.schedule) for it in found})}"
            )
