"""Task order: drawn by Hypothesis, played on two event loops.

A concurrent program has as many behaviours as its tasks have orders, and a test sees one. A
schedule is the loop's own order with a few deviations from it: the simplest way to say an order,
and what Hypothesis can shrink.
"""

import itertools
import sys
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

import anyio

from awaits.testing import backends
from awaits.testing.play import Cancellation, Hold, Moment, Play, scope_of

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

LONGEST = 16  # for how many steps a drawn schedule holds a task back


class Schedule:
    """An order of tasks. Open it around the code under test: `with schedule:`.

    While it is open, tasks take their steps first in, first out; a step goes from one await to the
    next at which the task has to wait. A schedule says which steps come later, as if what they
    waited for were slow. In virtual time, time may move on meanwhile.

    A schedule can be opened again; it plays from its beginning.

    Args:
        holds: What comes later: `{(2, 3): 4}` holds the third step of task 2 back, until others
            have taken 4 steps or nothing else can run. Tasks are numbered in the order in which
            they come first, from 1.
        cancel: At which await in `cancel_scope` to cancel it, counted from 1.

    Raises:
        ValueError: A number is below 1 or no whole number, or `holds` is no such mapping.
    """

    def __init__(
        self, holds: Mapping[tuple[int, int], int] | None = None, *, cancel: int | None = None
    ) -> None:
        holds = {} if holds is None else holds
        _check_shape(holds)
        for number in (*itertools.chain(*holds), *holds.values(), 1 if cancel is None else cancel):
            _check(number)
        self._holds = dict(sorted(holds.items()))
        self._cancel = cancel
        self._play: Play[Any, Any] | None = None
        self._events: list[Hold | Cancellation] = []

    def __repr__(self) -> str:
        arguments = [repr(self._holds)] if self._holds else []
        arguments += [] if self._cancel is None else [f"cancel={self._cancel}"]
        return f"Schedule({', '.join(arguments)})"

    def __enter__(self) -> Self:
        """Steer the event loop that runs.

        Raises:
            RuntimeError: No event loop runs here, a schedule steers it already, or this schedule
                is open.
            unittest.SkipTest: The event loop cannot be steered, as uvloop; pytest skips the test.
        """
        if self._play is not None:
            raise RuntimeError("This schedule is open already; draw one for each run.")
        self._play = _open_play(self._holds, self._cancel)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave the event loop to itself, and tell Hypothesis what happened."""
        play, self._play = cast("Play[Any, Any]", self._play), None
        play.close()
        self._events = [it for it in play.events if isinstance(it, Cancellation) or it.n_ahead]
        if play.error is not None:
            raise play.error
        hypothesis = sys.modules.get("hypothesis")
        if hypothesis is not None and hypothesis.currently_in_test_context():
            hypothesis.note(_Explanation(self))
        elif error is not None:
            error.add_note(self.explanation)

    @contextmanager
    def cancel_scope(self) -> Generator[anyio.CancelScope]:
        """Open a cancel scope that the schedule may cancel at an await in it.

        Returns:
            The scope, which tells by `cancelled_caught` whether that happened.

        Raises:
            RuntimeError: The schedule is not open.
        """
        play = self._play
        if play is None:
            raise RuntimeError("Open the schedule before its cancel scope: with schedule: ...")
        with anyio.CancelScope() as scope:
            token = scope_of.set(scope)
            try:
                play.enter(scope)
                yield scope
            finally:
                play.leave(scope)
                scope_of.reset(token)

    @property
    def explanation(self) -> str:
        """What the schedule did when it was open last, in lines for people."""
        lines = [line for event in self._events for line in _lines(event)]
        return "\n  ".join([f"What {self!r} did:", *lines] if lines else [f"{self!r} did nothing."])


def _lines(event: Hold | Cancellation) -> list[str]:
    task = _say(event.moment)
    if isinstance(event, Cancellation):
        return [f"cancelled at await {event.n_awaits} of the cancel scope: {task}"]
    steps = "1 step" if event.n_ahead == 1 else f"{event.n_ahead} steps"
    more = event.n_ahead - len(event.ahead)
    return [
        f"held back before step {event.step}: {task}; {steps} went ahead:",
        *(f"  {_say(moment)}" for moment in event.ahead),
        *([f"  and {more} more"] if more else []),
    ]


def _say(moment: Moment) -> str:
    """Name a task, and tell where and when it stood."""
    number = f"task {moment.number}, " if moment.number else ""
    where = moment.place.file_and_line if moment.place else "not begun"
    when = "" if moment.time is None else f", at {moment.time} s"
    return f"{number}{moment.name}, {where}{when}"


class _Explanation:
    """What Hypothesis asks for when it reports a failure, and not in every run before."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule

    def __repr__(self) -> str:
        return self._schedule.explanation


def _check_shape(holds: object) -> None:
    if isinstance(holds, Mapping) and all(isinstance(it, tuple) and len(it) == 2 for it in holds):
        return
    raise ValueError(f"holds must be a mapping such as {{(1, 2): 3}}, not {holds!r}.")


def _check(number: object) -> None:
    if not (isinstance(number, int) and number >= 1):
        raise ValueError(f"A schedule's numbers must be whole ones of at least 1, not {number!r}.")


def _open_play(holds: Mapping[tuple[int, int], int], cancel: int | None) -> Play[Any, Any]:
    try:
        name = backends.running()
    except RuntimeError:
        raise RuntimeError(
            "A schedule steers an event loop, and none runs here; open it in an async test."
        ) from None
    if name == "trio":
        from awaits.testing import _trio  # noqa: PLC0415 trio may not be installed

        return _trio.RunQueuePlay(holds, cancel)
    from awaits.testing import _asyncio  # noqa: PLC0415 it imports play.py

    return _asyncio.ReadyPlay(holds, cancel)


def schedules() -> "SearchStrategy[Schedule]":
    """Return a Hypothesis strategy that draws schedules; the simplest is the loop's own order.

    Some cancel their cancel scope, at one of its first 32 awaits.
    """
    from hypothesis import strategies as st  # noqa: PLC0415 schedules are of use without it

    # How many steps there will be, nobody knows before the run. Bytes are drawn all at once.
    steps = st.binary(min_size=32, max_size=512)
    awaits = st.integers(0, 3) | st.integers(0, 6) | st.integers(0, 32)

    @st.composite
    def draw_schedule(draw: st.DrawFn) -> Schedule:
        cancel = draw(awaits)
        holds = zip(_steps(), (drawn % (LONGEST + 1) for drawn in draw(steps)), strict=False)
        return Schedule({step: n for step, n in holds if n}, cancel=cancel or None)

    return draw_schedule()


def _steps() -> Iterator[tuple[int, int]]:
    """Count the steps of all tasks, by the diagonals: neither tasks nor steps come to an end."""
    diagonal = 2
    while True:
        for task in range(1, diagonal):
            yield task, diagonal - task
        diagonal += 1
