"""The strategies side by side: what `awaits compare` prints before, while and after it measures."""

import contextlib
import math
import textwrap
from collections.abc import Sequence

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from awaits.compare import announced, measure
from awaits.compare.advice import advice
from awaits.compare.measure import Failed, Measured
from awaits.compare.strategies import CORES, SEQUENTIAL

HEAD = f"{'strategy':18}{'seconds':>8}{'CPU seconds':>13}{'speed-up':>10}{'memory, MB':>12}"


class Comparison:
    """Measures strategies one by one, and prints a row for each.

    Args:
        workload: As for `workloads.find`.
        n_tasks: How many tasks, at least 1.
        names: The strategies, in the order of `STRATEGIES`.
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
        alone = announced.alone(self._workload)
        at_most = math.ceil(announced.at_most(alone, self._n_tasks, self._names))
        tasks = "1 task" if self._n_tasks == 1 else f"{self._n_tasks} tasks"
        print(
            f"{tasks} of {self._workload}, on {CORES} cores. One, tried alone, took "
            f"{alone.seconds:.2g} s.\nIf none takes longer, this takes at most {at_most} s.\n",
            flush=True,
        )

    def run(self, console: Console, *, live: bool) -> None:
        """Measure each strategy and print its row at once; print the advice at the end.

        Args:
            console: Where to draw.
            live: Whether to draw, below the rows, which strategy is being measured.
        """
        print(HEAD)
        columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
        progress = Progress(
            *columns,
            console=console,
            transient=True,
            refresh_per_second=4,  # drawing takes processor time from what is measured
        )
        with progress if live else contextlib.nullcontext():
            showing = progress.add_task("")
            for name in self._names:
                which = f"{name} ({self.n_done + 1} of {len(self._names)})"
                progress.update(showing, description=which, refresh=True)
                self._measure(name)
        print("\n" + textwrap.fill(advice(self.measured), console.width))

    def _measure(self, name: str) -> None:
        result = measure.measure(name, self._workload, self._n_tasks, self._scheduler)
        if isinstance(result, Measured):
            self.measured[name] = result
        print(self._row(name, result), flush=True)
        self.n_done += 1

    def _row(self, name: str, result: Measured | Failed) -> str:
        if isinstance(result, Failed):
            return f"{name:18} {result.reason}"
        seconds, cpu_seconds, memory, _ = result
        cpu = "elsewhere" if cpu_seconds is None else f"{cpu_seconds:.2f}"
        sequential = self.measured.get(SEQUENTIAL)
        times = f"{sequential.seconds / seconds:.1f}" if sequential else "?"
        return f"{name:18}{seconds:8.2f}{cpu:>13}{times:>10}{memory / 1e6:12.0f}"
