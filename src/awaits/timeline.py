"""Who ran when: as text for a terminal, and as a picture."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, assert_never

import anyio

from awaits.checks import check_installed, extra
from awaits.tasks import Done, Event, Header, Started

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEAST_ROWS = 4
KINDS = ".svg", ".png"


class Span(NamedTuple):
    """When a task began and ended, and where it ran.

    Attributes:
        task_number: The task's number.
        began: In seconds, since a moment that whoever makes the span chooses.
        ended: In seconds, since the same moment.
        process: The process and its machine.
        peak: The most memory that the process had used by the end of the task, in bytes.
    """

    task_number: int
    began: float
    ended: float
    process: str = ""
    peak: int = 0


class Recorder:
    """Makes a span of each task of the program, in seconds since the program began."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self._first: float | None = None
        self._began: dict[int, float] = {}

    def report(self, event: Event) -> None:
        """Note that an event of the program happens now."""
        now = self._now()
        match event:
            case Started(task_number, _):
                self._began[task_number] = now
            case Done(task_number):
                self._end(task_number, now)
            case Header():
                pass
            case _:
                assert_never(event)

    def stop(self) -> None:
        """End the spans of the tasks that are still waiting."""
        for task_number in list(self._began):
            self._end(task_number, self._now())

    def _end(self, task_number: int, now: float) -> None:
        self.spans.append(Span(task_number, self._began.pop(task_number), now))

    def _now(self) -> float:
        now = anyio.current_time()
        if self._first is None:
            self._first = now
        return now - self._first


def text(
    timelines: Mapping[str, Sequence[Span]], *, width: int, height: int, bar: str = "━"
) -> str:
    """Draw a bar for each task, from its beginning to its end. All bars share one scale of time.

    Args:
        timelines: By title, when the tasks ran, in seconds since the beginning.
        width: How many characters fit in a line.
        height: How many lines fit. If there are more tasks, only some of them are drawn.
        bar: The character that bars are made of.

    Returns:
        The lines.
    """
    end = max((span.ended for spans in timelines.values() for span in spans), default=0.0)
    numbers = [span.task_number for spans in timelines.values() for span in spans]
    label = len(f"Task {max(numbers, default=0)}")
    room = max(10, width - label - 1)
    rows = max(LEAST_ROWS, (height - 2) // max(1, len(timelines)) - 1)

    def column(seconds: float) -> int:
        return round(seconds / end * room) if end else 0

    lines: list[str] = []
    for title, spans in timelines.items():
        drawn = _spread(sorted(spans), rows)
        left_out = f"{len(drawn)} of {len(spans)} tasks" if len(drawn) < len(spans) else ""
        lines += [": ".join(filter(None, (title, left_out)))] if title or left_out else []
        for span in drawn:
            began = min(column(span.began), room - 1)
            length = max(1, column(span.ended) - began)  # a short task must be seen, too
            lines.append(f"{f'Task {span.task_number}':{label}} {' ' * began}{bar * length}")
    right = f"{end:.3g} s" if end < 1000 else f"{end:.0f} s"
    return "\n".join([*lines, f"{'':{label}} 0{right:>{room - 1}}"])


def _spread(spans: list[Span], rows: int) -> list[Span]:
    """Choose as many spans as there are rows, evenly; the first and the last are among them."""
    if len(spans) <= rows:
        return spans
    return [spans[row * (len(spans) - 1) // (rows - 1)] for row in range(rows)]


def check_picture(path: Path) -> None:
    """Refuse a file that `picture` cannot write.

    Args:
        path: The file to be written.

    Raises:
        ValueError: matplotlib is not installed, cannot draw a file of that kind, or cannot write
            to that folder.
    """
    check_installed("matplotlib", "plot")
    if path.suffix not in KINDS:
        raise ValueError(f"{path} must end in {' or '.join(KINDS)}.")
    folder = path.absolute().parent
    if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise ValueError(f"{path} must be a file in a folder that can be written to.")


def picture(timelines: Mapping[str, Sequence[Span]], path: Path) -> None:
    """Draw timelines below each other, on one scale of time, into a file.

    The same timelines make the same file, byte for byte.

    Args:
        timelines: By title, when the tasks ran, in seconds since the beginning.
        path: The file. If it exists, it is replaced. Its name ends in `.svg` or `.png`.

    Raises:
        ValueError: matplotlib is not installed.
    """
    with extra("plot"):
        import matplotlib as mpl  # noqa: PLC0415 heavy, and an extra
        from matplotlib.figure import Figure  # noqa: PLC0415

    # A row is 0.08 inches high, until there are too many to be told apart.
    heights = [min(4.0, 0.08 * len(spans) + 0.2) for spans in timelines.values()]
    figure = Figure(figsize=(8, sum(heights) + 0.4 * len(heights) + 0.5), layout="constrained")
    all_axes = figure.subplots(
        len(heights), sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights}
    )
    rows: Iterable[Axes] = all_axes[:, 0]  # its items are `Any`, because numpy types them
    for axes, (title, spans) in zip(rows, timelines.items(), strict=True):
        numbers = [span.task_number for span in spans]
        began, ended = [span.began for span in spans], [span.ended for span in spans]
        axes.hlines(numbers, began, ended, linewidth=min(4.0, 300 / (len(spans) + 1)))
        axes.set_title(title, loc="left", fontsize="medium")
        axes.set_ylabel("task")
        axes.set_ylim(max(numbers, default=1) + 0.5, 0.5)  # the first on top, as in the terminal
        axes.locator_params(axis="y", integer=True)
    figure.supxlabel("seconds", fontsize="medium")
    # Letters stay text, and ids are not random: the file is small, and the same every time.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "awaits"}):
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
