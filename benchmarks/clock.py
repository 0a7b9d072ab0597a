"""What virtual time costs: `python -m benchmarks.clock [N_TASKS ...]`.

The time of tasks with distinct sleeps of 10 to 60 seconds, in virtual time, over the *timer floor*:
the time of as many tasks on the same backend's real clock, whose sleeps are too short to wait for.
Both make and fire one timer for each task. Each number is the median of alternating pairs. Peers
that are not installed are left out: `uv run --group bench python -m benchmarks.clock` has them all.
"""

import asyncio
import gc
import random
import statistics
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypedDict, cast

import aiotools
import anyio
import async_solipsism
import trio
import trio.testing

from awaits.testing import virtual_time

SHORT = 1e-7  # seconds; too short to wait for
Seconds = list[float]
Main = Callable[[Seconds], Coroutine[object, None, None]]
Run = Callable[[Seconds], object]


async def on_anyio(sleeps: Seconds) -> None:
    async with anyio.create_task_group() as tasks:
        for seconds in sleeps:
            tasks.start_soon(anyio.sleep, seconds)


async def on_asyncio(sleeps: Seconds) -> None:
    async with asyncio.TaskGroup() as tasks:
        for seconds in sleeps:
            tasks.create_task(asyncio.sleep(seconds))


async def on_trio(sleeps: Seconds) -> None:
    async with trio.open_nursery() as tasks:
        for seconds in sleeps:
            tasks.start_soon(trio.sleep, seconds)


async def on_aiotools(sleeps: Seconds) -> None:
    with aiotools.VirtualClock().patch_loop():
        await on_asyncio(sleeps)


def with_anyio(backend: str, options: Callable[[], dict[str, Any]] = dict) -> Run:
    return lambda sleeps: anyio.run(on_anyio, sleeps, backend=backend, backend_options=options())


def with_asyncio(
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None, main: Main = on_asyncio
) -> Run:
    def run(sleeps: Seconds) -> None:
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            runner.run(main(sleeps))

    return run


class TrioOptions(TypedDict, total=False):
    """The options of `trio.run` that a clock needs."""

    clock: trio.abc.Clock
    instruments: Sequence[trio.abc.Instrument]


def with_trio(options: Callable[[], TrioOptions] = TrioOptions) -> Run:
    return lambda sleeps: trio.run(on_trio, sleeps, **options())


def mock_clock() -> TrioOptions:
    return {"clock": trio.testing.MockClock(autojump_threshold=0)}


def virtual_clock() -> TrioOptions:
    return cast("TrioOptions", virtual_time("trio"))


def virtual_loop() -> asyncio.AbstractEventLoop:
    return virtual_time("asyncio")["loop_factory"]()


ASYNCIO, TRIO = with_asyncio(), with_trio()
ANYIO_ON_ASYNCIO, ANYIO_ON_TRIO = with_anyio("asyncio"), with_anyio("trio")

# The name, how it runs, the floor that it is measured against, and the most tasks that it is given,
# or 0 for any number.
CONTESTANTS: list[tuple[str, Run, Run, int]] = [
    (
        "awaits, anyio on asyncio",
        with_anyio("asyncio", lambda: virtual_time("asyncio")),
        ANYIO_ON_ASYNCIO,
        0,
    ),
    ("awaits, asyncio", with_asyncio(virtual_loop), ASYNCIO, 0),
    ("async-solipsism, asyncio", with_asyncio(async_solipsism.EventLoop), ASYNCIO, 0),
    ("aiotools, asyncio", with_asyncio(main=on_aiotools), ASYNCIO, 0),
    ("awaits, anyio on trio", with_anyio("trio", lambda: virtual_time("trio")), ANYIO_ON_TRIO, 0),
    ("MockClock, anyio on trio", with_anyio("trio", lambda: dict(mock_clock())), ANYIO_ON_TRIO, 0),
    ("awaits, trio", with_trio(virtual_clock), TRIO, 0),
    ("MockClock, trio", with_trio(mock_clock), TRIO, 0),
]


def add_peers_with_plugins() -> None:
    """Add the peers whose pytest plugins would disturb this project's own tests."""
    try:
        import detangle  # noqa: PLC0415 may not be installed
        import looptime  # noqa: PLC0415
    except ImportError:
        return

    def run_detangle(sleeps: Seconds) -> None:
        config = detangle.SimConfig(reorder=False, max_steps=10**9)
        result = detangle.execute(on_asyncio, (sleeps,), config=config)
        if result.failure is not None:
            raise RuntimeError(result.failure)

    CONTESTANTS.insert(4, ("looptime, asyncio", with_asyncio(looptime.new_event_loop), ASYNCIO, 0))
    CONTESTANTS.insert(5, ("detangle, asyncio", run_detangle, ASYNCIO, 1_000))  # quadratic


def seconds(run: Run, sleeps: Seconds) -> float:
    gc.collect()
    before = time.perf_counter()
    run(sleeps)
    return time.perf_counter() - before


def ratio(run: Run, floor: Run, n_tasks: int) -> float:
    numbers = random.Random(n_tasks)
    sleeps = [numbers.uniform(10, 60) for _ in range(n_tasks)]
    pairs = max(3, min(101, 200_000 // n_tasks))
    return statistics.median(
        seconds(run, sleeps) / seconds(floor, [SHORT] * n_tasks) for _ in range(pairs)
    )


def benchmark(sizes: list[int]) -> None:
    add_peers_with_plugins()
    print("virtual time over the timer floor", *(f"{n:>9,}" for n in sizes))
    for name, run, floor, most in CONTESTANTS:
        ratios = (
            "        -" if most and n > most else f"{ratio(run, floor, n):9.2f}" for n in sizes
        )
        print(f"{name:33}", *ratios, flush=True)


if __name__ == "__main__":
    benchmark([int(n) for n in sys.argv[1:]] or [20, 1_000, 20_000, 100_000])
