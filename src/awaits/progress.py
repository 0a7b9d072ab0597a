"""What is shown while tasks wait: their lines and, on a terminal, who waits and how long still."""

import contextlib
import heapq
from collections.abc import AsyncGenerator

import anyio
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from awaits.tasks import Done, Started

REFRESH_SECONDS = 0.1


class Progress:
    """Prints what the program reports, and counts the tasks that are done.

    Args:
        n_tasks: How many tasks there will be.
        console: Where to draw.
        live: Whether to draw the tasks that wait, below the lines.
    """

    def __init__(self, n_tasks: int, console: Console, *, live: bool) -> None:
        self.n_tasks: int = n_tasks
        self.n_done: int = 0
        self._console = console
        self._live = live
        self._waiting: dict[int, tuple[float, int]] = {}  # deadline and seconds of each

    def report(self, event: object) -> None:
        """Print an event of the program, and keep the count."""
        match event:
            case Started(task_number, seconds):
                self._waiting[task_number] = anyio.current_time() + seconds, seconds
            case Done(task_number):
                del self._waiting[task_number]
                self.n_done += 1
            case _:
                pass
        print(event, flush=True)  # line by line into a pipe, too

    @contextlib.asynccontextmanager
    async def shown(self) -> AsyncGenerator[None]:
        """Draw while the block runs, in a task of its own; leave only the lines on the screen."""
        if not self._live:
            yield
            return
        with Live(
            self._picture(), console=self._console, auto_refresh=False, transient=True
        ) as live:
            async with anyio.create_task_group() as drawing:
                drawing.start_soon(self._draw, live)
                yield
                drawing.cancel_scope.cancel()

    async def _draw(self, live: Live) -> None:
        while True:
            live.update(self._picture(), refresh=True)
            await anyio.sleep(REFRESH_SECONDS)

    def _picture(self) -> Group:
        now = anyio.current_time()
        rows = max(1, self._console.height - 3)
        soonest = heapq.nsmallest(rows, ((*time, n) for n, time in self._waiting.items()))
        table = Table.grid(padding=(0, 1))
        for deadline, seconds, task_number in soonest:
            left = max(0.0, deadline - now)
            bar = ProgressBar(total=seconds, completed=seconds - left, width=30)
            table.add_row(f"Task {task_number}", bar, f"{left:.0f} s left")
        others = len(self._waiting) - len(soonest)
        summary = f"{self.n_done} of {self.n_tasks} done, {len(self._waiting)} waiting"
        if others:
            summary += f" ({others} not shown)"
        return Group(table, summary) if soonest else Group(summary)
