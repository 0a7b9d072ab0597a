"""What is shown while tasks run: their lines and, on a terminal, which ones wait and how long."""

import contextlib
import heapq
from collections.abc import AsyncGenerator
from typing import TypeAlias, assert_never

import anyio
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from awaits.fetch.calls import Call, Calling, Summary
from awaits.tasks import Done, Event, Header, Started

REFRESH_SECONDS = 0.1

Shown: TypeAlias = Event | Calling | Call | Summary


class Progress:
    """Prints what is reported, and counts the tasks or calls that have ended.

    Args:
        n_tasks: How many there will be; `None` if that is not known.
        console: Where to draw.
        live: Whether to draw those that wait, below the lines.
    """

    def __init__(self, n_tasks: int | None, console: Console, *, live: bool) -> None:
        self.n_tasks: int | None = n_tasks
        self.n_done: int = 0
        self.n_failed: int = 0
        self._console = console
        self._live = live
        self._waiting: dict[int, tuple[float, float, str]] = {}  # deadline, seconds and name

    def report(self, event: Shown) -> None:
        """Print an event, and count."""
        self.note(event)
        print(event, flush=True)  # line by line into a pipe, too

    def note(self, event: Shown) -> None:
        """Count, and print nothing."""
        match event:
            case Started(number, seconds):
                self._waiting[number] = anyio.current_time() + seconds, seconds, f"Task {number}"
            case Calling(number, url, seconds):
                self._waiting[number] = anyio.current_time() + seconds, seconds, url
            case Done(number):
                del self._waiting[number]
                self.n_done += 1
            case Call(number=number, error=error):
                del self._waiting[number]
                self.n_done += error is None
                self.n_failed += error is not None
            case Header() | Summary():
                pass
            case _:
                assert_never(event)

    @contextlib.asynccontextmanager
    async def shown(self) -> AsyncGenerator[None]:
        """Draw while the block runs, in another task; leave only the lines on the screen."""
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
        soonest = heapq.nsmallest(rows, self._waiting.values())
        table = Table.grid(padding=(0, 1))
        for deadline, seconds, name in soonest:
            left = max(0.0, deadline - now)
            bar = ProgressBar(total=seconds, completed=seconds - left, width=30)
            # Not a plain string, in which rich would take text in brackets for markup.
            table.add_row(Text(name, no_wrap=True), bar, f"{left:.0f} s left")
        others = len(self._waiting) - len(soonest)
        of_all = "" if self.n_tasks is None else f" of {self.n_tasks}"
        failed = f", {self.n_failed} failed" if self.n_failed else ""
        summary = f"{self.n_done}{of_all} done{failed}, {len(self._waiting)} waiting"
        if others:
            summary += f" ({others} not shown)"
        return Group(table, summary) if soonest else Group(summary)
