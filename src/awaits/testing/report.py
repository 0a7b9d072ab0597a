"""Reports a failing order of tasks to people: in lines, and as lanes, one for each task."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from awaits.testing.loops.orders import Cancellation, Delay, Moment

WIDEST = 100  # characters, of all lanes
WIDEST_CELL = 30
MOST_TOLD = 10  # delays that are told one by one
MOST_ROWS = 24
MOST_ROWS_DRAWN = 200  # in a picture, which can be scrolled
LAST_ROWS = 12  # where a schedule did nothing


def counted(n: int, what: str) -> str:
    """Say how many there are of something, such as `1,200 orders`."""
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"


def explain(name: str, events: Sequence[Delay | Cancellation]) -> str:
    """Say what a schedule did, in lines.

    Args:
        name: The name of the schedule: its `repr`.
        events: What it did.
    """
    more = events[MOST_TOLD:]
    told = [*events[:MOST_TOLD], *(it for it in more if isinstance(it, Cancellation))]
    lines = [line for event in told for line in _lines(event)]
    if n_more := len(events) - len(told):
        lines.append(f"delayed {n_more} more steps" if n_more > 1 else "delayed 1 more step")
    return "\n  ".join([f"What {name} did:", *lines] if lines else [f"{name} did nothing."])


def _lines(event: Delay | Cancellation) -> list[str]:
    task = _say(event.moment)
    if isinstance(event, Cancellation):
        by = " by Task.cancel()" if event.native else ""
        if isinstance(event.at, tuple):
            return [f"cancelled{by} before step {event.at[1]}: {task}"]
        return [f"cancelled{by} at await {event.at} of the cancel scope: {task}"]
    steps = "1 step" if event.n_ahead == 1 else f"{event.n_ahead} steps"
    if event.n_callbacks and not (event.n_ahead or event.seconds):
        steps = "no step, but callbacks of the event loop"
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
    when = "" if moment.time is None else f", at {round(moment.time, 9)} s"
    return f"{number}{moment.name}, {_where(moment)}{when}"


def _where(moment: Moment) -> str:
    if moment.place:
        return moment.place.file_and_line
    return f"in {moment.library}" if moment.library else "not begun"


class Row(NamedTuple):
    """A row of the picture: something in the lane of one task."""

    number: int  # of the task
    kind: Literal["step", "waits", "delayed", "cancelled", "left out"]
    text: str
    time: float | None  # virtual, in seconds
    late: frozenset[int] = frozenset()  # the tasks that are delayed meanwhile
    is_ahead: bool = False  # of one of them: here the order differs from the event loop's own


class Picture(NamedTuple):
    """The steps of a run in the order in which they ran, in a lane for each task."""

    names: dict[int, str]  # of the tasks that are shown, by number
    rows: list[Row]


AHEAD = "went ahead of a delayed step, which comes first in the event loop's own order"


def picture(
    trace: Sequence[Moment],
    events: Sequence[Delay | Cancellation],
    *,
    most_rows: int = MOST_ROWS,
) -> Picture:
    """Return what there is to draw of a run: the steps around what a schedule did, or the last.

    Args:
        trace: Where each step began.
        events: What the schedule did.
        most_rows: About how many rows there are, at most.
    """
    rows = _rows(trace, events, most_rows)
    moments = [*trace, *(event.moment for event in events)]  # a delayed task may have taken no step
    moments.sort(key=lambda moment: moment.place is None)  # better names first
    names: dict[int, str] = {}
    for moment in moments:
        names.setdefault(moment.number, f"{moment.number} {moment.name}")
    return Picture({it: names.get(it, "") for it in sorted({row.number for row in rows})}, rows)


def lanes(trace: Sequence[Moment], events: Sequence[Delay | Cancellation]) -> str:
    """Draw the steps of a run in the order in which they ran, in a lane for each task.

    A row is a step, and says where its task went on. The drawing shows the steps around what the
    schedule did, and what their tasks then wait for, if another task holds it.

    Args:
        trace: Where each step began.
        events: What the schedule did.
    """
    names, rows = picture(trace, events)
    first = [event.moment.number for event in events]
    shown = _that_fit(_widths(names, rows), first)
    if len(shown) < len(names):  # the names may be what is too long
        names = {number: _shortened(name) for number, name in names.items()}
        shown = _that_fit(_widths(names, rows), first)
    widths = _widths(names, rows)
    times = {row.time for row in rows} - {None}
    clock = max(len(seconds(it)) for it in times) + 1 if times - {0.0} else 0
    lines = [" " * (2 + clock) + "".join(f"{names[it]:{widths[it]}}" for it in shown)]
    before = None
    for row in rows:
        if row.number not in shown:
            continue
        cells = [row.text if it == row.number else "┆" if it in row.late else "" for it in shown]
        when = seconds(row.time) if clock and row.time != before else ""
        before = row.time
        mark = "> " if row.is_ahead else "  "
        drawn = (f"{cell:{widths[it]}}" for it, cell in zip(shown, cells, strict=True))
        lines.append(f"{when:{clock}}{mark}{''.join(drawn)}")
    if any(row.is_ahead and row.number in shown for row in rows):
        lines.append(f"> {AHEAD}")
    if n_more := len(names) - len(shown):
        lines.append(
            f"and {n_more} more task{'s' * (n_more != 1)}, whose lanes do not fit beside these"
        )
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _widths(names: dict[int, str], rows: Sequence[Row]) -> dict[int, int]:
    """Return how wide each lane is, with the space between it and the next."""
    widths = {number: 2 + len(name) for number, name in names.items()}
    for row in rows:
        widths[row.number] = max(widths[row.number], 2 + len(row.text))
    return widths


def _that_fit(widths: dict[int, int], first: list[int]) -> list[int]:
    """Return the tasks whose lanes fit side by side, first those that a schedule changed."""
    shown: list[int] = []
    for number in [*filter(widths.__contains__, first), *widths]:
        if number not in shown and sum(widths[it] for it in [*shown, number]) <= WIDEST:
            shown.append(number)
    return sorted(shown or list(widths)[:1])


def seconds(time: float | None) -> str:
    """Return a virtual time as text; empty in real time."""
    return "" if time is None else f"{time:g} s"


def _rows(
    trace: Sequence[Moment], events: Sequence[Delay | Cancellation], most_rows: int
) -> list[Row]:
    """Return the rows near what a schedule did, in their order; if it did nothing, the last."""
    marks: dict[int, list[Row]] = {}
    near: set[int] = set()
    late: dict[int, set[int]] = {}
    for event in events:
        it = event.moment
        n_ahead = event.n_ahead if isinstance(event, Delay) else 0
        what: Literal["delayed", "cancelled"] = (
            "delayed" if isinstance(event, Delay) else "cancelled"
        )
        marks.setdefault(event.n_before_it, []).append(Row(it.number, what, f"({what})", it.time))
        end = event.n_before_it + n_ahead
        near.update(range(event.n_before_it - 3, event.n_before_it + 4), range(end - 1, end + 3))
        for row in range(event.n_before_it, end):
            late.setdefault(row, set()).add(it.number)
    # What each task waited for last is of interest, too.
    begin = min((event.n_before_it for event in events), default=len(trace) - LAST_ROWS)
    waits = {it.number: n for n, it in enumerate(trace) if it.wait and n >= begin}
    near.update(waits.values())
    if not events:
        near.update(range(begin, len(trace)))
    rows: list[Row] = []
    skipped = False
    for n, moment in enumerate(trace):
        number, delayed = moment.number, frozenset(late.get(n, ()))
        is_full = len(rows) > most_rows
        rows += (it for it in marks.get(n, ()) if it.kind == "cancelled" or not is_full)
        if n not in near or is_full:
            skipped = True
            continue
        if skipped and rows:
            rows.append(Row(number, "left out", "...", moment.time, delayed))
        skipped = False
        where = _where(moment).rpartition("/")[2][-WIDEST_CELL:]
        others = delayed - {number}
        rows.append(Row(number, "step", where, moment.time, others, bool(others)))
        if moment.wait:
            rows.append(Row(number, "waits", _shortened(moment.wait), moment.time, others))
    return rows


def _shortened(text: str) -> str:
    return text if len(text) <= WIDEST_CELL else f"{text[: WIDEST_CELL - 3]}..."
