"""The strategies side by side: what is shown before, while and after they are measured."""

import contextlib
import math
import textwrap
import time
from collections.abc import Sequence

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from awaits.advice import advice
from awaits.measure import Failed, Measured, measure
from awaits.strategies import CORES

HEAD = f"{'strategy':18}{'seconds':>8}{'CPU seconds':>13}{'speed-up':>10}{'memory, MB':>12}"

# How many programs a strategy starts, at most, in the time that one takes. Dask imports much.
STARTS = {"processes": 1 + CORES, "processes+asyncio": 1 + CORES, "dask": 20 + CORES}
MARGIN = 1.5


class Comparison:
    """Measures strategies one by one, and prints a row for each.

    Args:
        workload: As for `workloads.find`.
        n_tasks: How many tasks, at least 1.
        names: The strategies, `sequential` first.
        scheduler: The address of a Dask cluster, or `None` for one that starts here.
    """

    def __init__(
        self, workload: str, n_tasks: int, names: Sequence[str], scheduler: str | None = None
    ) -> None:
        self.measured: dict[str, Measured] = {}
        self.n_done: int = 0
        self._workload = workload
        self._n_tasks = n_tasks
        self._names = names
        self._scheduler = scheduler

    def try_one(self) -> None:
        """Do one task, and say how long the comparison will take at most.

        Raises:
            ValueError: There is no such workload, or its task failed.
        """
        before = time.monotonic()
        tried = measure("sequential", self._workload, 1)
        if isinstance(tried, Failed):
            raise ValueError(f"One task of {self._workload}, tried alone, {tried.reason}.")
        seconds = tried.seconds
        start = time.monotonic() - before - seconds
        starts = sum(STARTS.get(name, 1) for name in self._names)
        at_most = MARGIN * (self._n_tasks * seconds * len(self._names) + starts * start)
        tasks = "1 task" if self._n_tasks == 1 else f"{self._n_tasks} tasks"
        print(
            f"{tasks} of {self._workload}, on {CORES} cores. One, tried alone, took "
            f"{seconds:.2g} s.\nIf none takes longer, this takes at most {math.ceil(at_most)} s.\n",
            flush=True,
        )

    def run(self, console: Console, *, live: bool) -> None:
        """Measure, print the rows as they come, and at the end what they say.

        Args:
            console: Where to draw.
            live: Whether to draw, below the rows, what is being measured.
        """
        print(HEAD)
        columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
        progress = Progress(
            *columns,
            console=console,
            transient=True,
            refresh_per_second=4,  # what draws has its share of the processor
        )
        with progress if live else contextlib.nullcontext():
            showing = progress.add_task("")
            for name in self._names:
                which = f"{name} ({self.n_done + 1} of {len(self._names)})"
                progress.update(showing, description=which, refresh=True)
                self._measure(name)
        print("\n" + textwrap.fill(advice(self.measured), console.width))

    def _measure(self, name: str) -> None:
        result = measure(name, self._workload, self._n_tasks, self._scheduler)
        if isinstance(result, Measured):
            self.measured[name] = result
        print(self._row(name, result), flush=True)
        self.n_done += 1

    def _row(self, name: str, result: Measured | Failed) -> str:
        if isinstance(result, Failed):
            return f"{name:18} {result.reason}"
        seconds, cpu_seconds, memory, _ = result
        cpu = "elsewhere" if cpu_seconds is None else f"{cpu_seconds:.2f}"
        sequential = self.measured.get("sequential")
        times = f"{sequential.seconds / seconds:.1f}" if sequential else "?"
        return f"{name:18}{seconds:8.2f}{cpu:>13}{times:>10}{memory / 1e6:12.0f}"
