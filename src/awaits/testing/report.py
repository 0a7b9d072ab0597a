"""A failing order of tasks, told to people: in lines, and as lanes, one a task."""

from collections.abc import Sequence

from awaits.testing.loops.play import Cancellation, Delay, Moment

WIDEST = 100  # characters, of all lanes
WIDEST_CELL = 30
MOST_ROWS = 24


def explain(name: str, events: Sequence[Delay | Cancellation]) -> str:
    """Tell what a schedule did, in lines.

    Args:
        name: What the schedule is called, as its `repr`.
        events: What it did.
    """
    lines = [line for event in events for line in _lines(event)]
    return "\n  ".join([f"What {name} did:", *lines] if lines else [f"{name} did nothing."])


def _lines(event: Delay | Cancellation) -> list[str]:
    task = _say(event.moment)
    if isinstance(event, Cancellation):
        if isinstance(event.at, tuple):
            by = " by Task.cancel()" if event.native else ""
            return [f"cancelled{by} before step {event.at[1]}: {task}"]
        return [f"cancelled at await {event.at} of the cancel scope: {task}"]
    steps = "1 step" if event.n_ahead == 1 else f"{event.n_ahead} steps"
    late = f", by {event.seconds:g} s" if event.seconds else ""
    colon = ":" if event.ahead else ""
    more = event.n_ahead - len(event.ahead)
    return [
        f"delayed before step {event.step}{late}: {task}; {steps} went ahead{colon}",
        *(f"  {_say(moment)}" for moment in event.ahead),
        *([f"  and {more} more"] if more else []),
    ]


def _say(moment: Moment) -> str:
    """Name a task, and tell where and when it stood."""
    number = f"task {moment.number}, " if moment.number else ""
    when = "" if moment.time is None else f", at {moment.time} s"
    return f"{number}{moment.name}, {_where(moment)}{when}"


def _where(moment: Moment) -> str:
    return moment.place.file_and_line if moment.place else "not begun"


def lanes(trace: Sequence[Moment], events: Sequence[Delay | Cancellation]) -> str:
    """Draw the steps of a run in the order in which they ran, in a lane for each task.

    A row is a step, and tells where its task went on. The steps around what the schedule did are
    shown.

    Args:
        trace: Where each step began.
        events: What the schedule did.
    """
    rows = _rows(trace, events)
    shown = sorted({number for number, _, _ in rows})
    names = {moment.number: f"{moment.number} {moment.name}" for moment in trace}
    width = 2 + max(
        [len(text) for _, text, _ in rows] + [len(names.get(number, "")) for number in shown],
        default=0,
    )
    shown = shown[: max(1, WIDEST // width)]
    lines = ["".join(f"{names.get(number, ''):{width}}" for number in shown)]
    for number, text, late in rows:
        if number not in shown:
            continue
        cells = [text if lane == number else "┆" if lane in late else "" for lane in shown]
        lines.append("".join(f"{cell:{width}}" for cell in cells))
    return "\n".join(line.rstrip() for line in lines)


Row = tuple[int, str, frozenset[int]]  # a task, what is written in its lane, the tasks delayed then


def _rows(trace: Sequence[Moment], events: Sequence[Delay | Cancellation]) -> list[Row]:
    """Return the rows near what a schedule did, in their order."""
    marks: dict[int, list[tuple[int, str]]] = {}
    near: set[int] = set()
    late: dict[int, set[int]] = {}
    for event in events:
        n_ahead = event.n_ahead if isinstance(event, Delay) else 0
        what = "delayed" if isinstance(event, Delay) else "cancelled"
        marks.setdefault(event.n_before_it, []).append((event.moment.number, f"({what})"))
        end = event.n_before_it + n_ahead
        near.update(range(event.n_before_it - 3, event.n_before_it + 4), range(end - 1, end + 3))
        for row in range(event.n_before_it, end):
            late.setdefault(row, set()).add(event.moment.number)
    rows: list[Row] = []
    skipped = False
    for row, moment in enumerate(trace):
        delayed = frozenset(late.get(row, ()))
        rows += [(number, text, frozenset[int]()) for number, text in marks.get(row, ())]
        if row not in near or len(rows) > MOST_ROWS:
            skipped = True
            continue
        if skipped and rows:
            rows.append((moment.number, "...", delayed))
        skipped = False
        where = _where(moment).rpartition("/")[2][-WIDEST_CELL:]
        rows.append((moment.number, where, delayed - {moment.number}))
    return rows
