"""A schedule: an order of tasks, for users.

A concurrent program may behave differently in each order of its tasks, and a test sees only one. A
schedule is the loop's own order with a few deviations. That is the simplest way to describe an
order, and it can be shrunk.
"""

import ast
import sys
import unittest
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, cast, overload

import anyio

from awaits.testing import backends
from awaits.testing.deviations import (
    Cancel,
    Delayed,
    Late,
    checked_cancel,
    checked_delays,
    checked_jitter,
    delay_of,
)
from awaits.testing.loops import adapter
from awaits.testing.loops.delays import Choice, Delays
from awaits.testing.loops.kept import fail_as_any_other
from awaits.testing.loops.orders import Cancellation, Delay, Moment, Order
from awaits.testing.loops.play import Play, scope_of
from awaits.testing.report import MOST_ROWS_DRAWN, explain, lanes, picture
from awaits.testing.svg import svg

if TYPE_CHECKING:
    from awaits.testing.deadlock import Line


class Schedule:
    """An order of tasks. Open it around the code under test: `with schedule:`.

    While it is open, tasks take their steps first in, first out; a step goes from one await to the
    next at which the task has to wait. A schedule says which steps are delayed, as if what they
    waited for were slow. A delayed step runs when others have taken so many steps, or when nothing
    else can run. In virtual time it also runs before time moves, so that sleeps and timeouts keep
    their order and length, unless `jitter` lets it be late.

    A schedule can be opened again; it plays from its beginning. Two schedules are equal if they
    were made of the same arguments.

    Args:
        delays: Which steps are delayed, and for how long: `{(2, 3): 4}` delays the third step of
            task 2 until others have taken 4 steps, and `{(2, 3): "idle"}` until nothing else can
            run, or others have taken 1,000 steps. `{(2, "every"): 4}` delays each step of task 2.
            Or a function of a task and a step that returns the same, and 0 for no delay. Tasks are
            numbered from 1, in the order in which they first become ready.
        jitter: How late a step may be, in seconds of virtual time, because of a delay.
        cancel: At which await in `cancel_scope` to cancel it, counted from 1; or which task to
            cancel before which of its steps: `(2, 3)` cancels task 2 while it waits for its third
            step, as if the whole task were in a cancel scope of its own; one that asyncio itself
            has started, by `Task.cancel()`. The task must be started while the schedule is open,
            and must have begun before it is cancelled.
        native: Whether the task is cancelled by asyncio's own `Task.cancel()` instead, right before
            that step: then what it waited for has already come. `(2, 3, 4)` cancels it a second
            time, before its fourth step, while it cleans up. At an await in `cancel_scope`, the
            task that has opened that is cancelled, once. On asyncio only.

    Raises:
        ValueError: A number is below 1 or not a whole number, `delays` is not such a mapping,
            `jitter` is negative, infinite or not a number, or `native` does not fit `cancel`.
    """

    # Without these, a type checker does not know the type of `{(1, 2): "idle"}`.
    @overload
    def __init__(
        self,
        delays: Mapping[tuple[int, int], Late],
        *,
        jitter: float = 0.0,
        cancel: Cancel | None = None,
        native: bool = False,
    ) -> None: ...

    @overload
    def __init__(
        self,
        delays: Mapping[tuple[int, Literal["every"]], Late],
        *,
        jitter: float = 0.0,
        cancel: Cancel | None = None,
        native: bool = False,
    ) -> None: ...

    @overload
    def __init__(
        self,
        delays: Mapping[tuple[int, int | Literal["every"]], Late]
        | Callable[[int, int], Late]
        | None = None,
        *,
        jitter: float = 0.0,
        cancel: Cancel | None = None,
        native: bool = False,
    ) -> None: ...

    def __init__(
        self,
        delays: Delayed
        | Mapping[tuple[int, Literal["every"]], Late]
        | Callable[[int, int], Late]
        | None = None,
        *,
        jitter: float = 0.0,
        cancel: Cancel | None = None,
        native: bool = False,
    ) -> None:
        self._delays: Delayed | Callable[[int, int], Late] = (
            delays if callable(delays) else checked_delays({} if delays is None else delays)
        )
        self._jitter = checked_jitter(jitter)
        self._cancel: Cancel | None = checked_cancel(cancel, native=native)
        self._native = native
        self._is_unseen = False
        self._tells = True
        self._on_cancel: Callable[[], None] | None = None
        self._play: Play[object, object] | None = None
        self._order: Delays | None = None  # of the last run
        self._events: list[Delay | Cancellation] = []
        self._trace: list[Moment] = []
        self.ran: tuple[int, ...] = ()
        """The number of the task of each step, in the order in which they ran when it was last
        open."""
        self.contended: list[tuple[int, int]] = []
        """The tasks and steps that ran while others were ready."""
        self.opener: int = 0
        """The number of the task in which it was opened; 0 if that task took no step meanwhile."""
        self.is_native: bool = False
        """Whether the event loop that it steered last has a `Task.cancel()`, as asyncio has."""
        self.was_thrown: bool = False
        """Whether its cancellation of a scope was raised in the task that had entered that."""
        self.has_raised: bool = False
        """Whether its block has ended in the error of a task that it has cancelled."""
        self.stacks: list[tuple[Line, ...]] | None = None
        """Where each step began; noted only if this is set to a list before the run."""
        self.of_libraries: set[int] = set()
        """The tasks in which a library runs something of the user's; noted with `stacks`."""
        self.choices: list[Choice] = []
        """What else could have run at each step, if `choosing` asked for it."""
        self._chooses_from: int | None = None

    def __repr__(self) -> str:
        arguments = [repr(self._delays)] if self._delays else []
        arguments += [f"jitter={self._jitter}"] if self._jitter else []
        arguments += [] if self._cancel is None else [f"cancel={self._cancel}"]
        arguments += ["native=True"] if self._native else []
        return f"Schedule({', '.join(arguments)})"

    def __eq__(self, other: object) -> bool:
        return self._value() == other._value() if isinstance(other, Schedule) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._value())

    def _value(self) -> tuple[object, ...]:
        delays = self._delays if callable(self._delays) else tuple(self._delays.items())
        return delays, self._jitter, self._cancel, self._native

    def __enter__(self) -> Self:
        """Steer the event loop that runs.

        Raises:
            RuntimeError: No event loop runs here, a schedule steers it already, or this schedule
                is open.
            ValueError: It is `native`, and this is not asyncio.
            unittest.SkipTest: The event loop cannot be steered, such as uvloop; pytest skips the
                test.
        """
        if self._play is not None:
            raise RuntimeError("This schedule is open already; draw one for each run.")
        tells = self._tells and _will_be_told()
        order = order_of(self, tells=tells)
        self._play = steer(order)
        # If a schedule of the user's has nothing to do, it draws nothing: that would take time.
        draws = self._delays or self._cancel is not None or self._is_unseen
        self._play.trace = [] if tells and draws else None
        self._play.stacks = self.stacks
        self._play.gives_way = self._is_unseen
        self._play.on_cancel = self._on_cancel
        self._order = order
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave the event loop to itself, and tell Hypothesis what happened."""
        __tracebackhide__ = True
        play, self._play = cast("Play[object, object]", self._play), None
        play.close()
        self._on_cancel = None  # which knows what the run has left
        self._look_at(play)
        if play.error is not None:
            raise play.error
        self.has_raised = play.has_raised(error)
        hypothesis = sys.modules.get("hypothesis")
        if hypothesis is not None and hypothesis.currently_in_test_context():
            hypothesis.note(_Explanation(self))
            if error is not None:
                fail_as_any_other(error)
        elif error is not None and not self._is_unseen:
            error.add_note(self.explanation)

    def _look_at(self, play: Play[object, object]) -> None:
        """Remember what a run has shown."""
        events: list[Delay | Cancellation] = list(cast("Delays", self._order).events)
        for number, cancellation in enumerate(play.cancellations):
            if not cancellation.moment.number:  # the task that opened this got its number later
                cancellation.moment = cancellation.moment._replace(number=play.opener)
            events.insert(cancellation.n_events + number, cancellation)
        self._events = [
            it
            for it in events
            if isinstance(it, Cancellation) or it.n_ahead or it.seconds or it.n_callbacks
        ]
        self._trace = play.trace or []
        self.ran, self.contended, self.opener = tuple(play.ran), play.contended or [], play.opener
        self.is_native, self.of_libraries = play.is_native, play.of_libraries
        self.was_thrown = play.was_thrown
        self.choices = cast("Delays", self._order).choices or []

    def _what_it_did(self) -> list[Delay | Cancellation]:
        if self._play is not None:  # an error may have ended the event loop, and not the block
            self._look_at(self._play)
        return self._events

    @property
    def has_been_open(self) -> bool:
        """Whether it has steered an event loop."""
        return self._order is not None

    @property
    def delays(self) -> Delayed | Callable[[int, int], Late]:
        """Which steps are delayed, and for how long."""
        return self._delays

    @property
    def jitter(self) -> float:
        """How late a step may be, in seconds of virtual time."""
        return self._jitter

    @classmethod
    def parse(cls, text: str) -> "Schedule":
        """Return the schedule that a `repr` shows.

        Args:
            text: Such as `Schedule({(1, 2): 3})`.

        Raises:
            ValueError: It is no such text.
        """
        try:
            match ast.parse(str(text).strip(), mode="eval").body:
                case ast.Call(func=ast.Name("Schedule"), args=args, keywords=keywords):
                    named = {str(it.arg): ast.literal_eval(it.value) for it in keywords}
                    if len(named) < len(keywords):
                        raise ValueError("a keyword is given twice")
                    return cls(*map(ast.literal_eval, args), **named)
                case _:
                    pass
        except (MemoryError, RecursionError):  # of Python's parser
            raise ValueError(f"{text!r} is not a schedule: it is nested too deeply.") from None
        except (SyntaxError, TypeError, ValueError) as error:
            reason = error.msg if isinstance(error, SyntaxError) else str(error).rstrip(".")
            if reason.startswith("malformed node"):  # which ends in the address of an object
                reason = "only numbers, strings and brackets are allowed"
            raise ValueError(f"{text!r} is not a schedule: {reason}.") from None
        raise ValueError(f"{text!r} is not a schedule, such as Schedule({{(1, 2): 3}}).")

    @property
    def cancel(self) -> Cancel | None:
        """Where it cancels."""
        return self._cancel

    @property
    def native(self) -> bool:
        """Whether it cancels by asyncio's own `Task.cancel()`."""
        return self._native

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
        """What the schedule did when it was last open, in lines for people."""
        return explain(repr(self), self._what_it_did())

    @property
    def lanes(self) -> str:
        """The steps around what the schedule did when it was last open, in a lane for each task."""
        events = self._what_it_did()
        return lanes(self._trace, events)

    @property
    def svg(self) -> str:
        """The same as `lanes`, with more rows, as the text of an SVG file."""
        events = self._what_it_did()
        drawn = picture(self._trace, events, most_rows=MOST_ROWS_DRAWN)
        return svg(drawn, f"The order of tasks of {self!r}", self.explanation)


class _Explanation:
    """A note whose text Hypothesis asks for only when it reports a failure, not in every run."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule

    def __repr__(self) -> str:
        return self._schedule.explanation


def _will_be_told() -> bool:
    """Tell whether anybody will read what this run shows; with Hypothesis, only the last run."""
    hypothesis = sys.modules.get("hypothesis")
    if hypothesis is None or not hypothesis.currently_in_test_context():
        return True
    from hypothesis.control import current_build_context  # noqa: PLC0415 it is there already

    return bool(current_build_context().is_final)


def order_of(schedule: Schedule, *, tells: bool = True) -> Delays:
    """Return a schedule's order for one run.

    Args:
        schedule: The schedule.
        tells: Whether to remember where tasks stood, for its explanation.
    """
    order = Delays(delay_of(schedule.delays), jitter=schedule.jitter, tells=tells)
    order.cancel, order.native = schedule.cancel, schedule.native
    chooses_from = schedule._chooses_from  # pyright: ignore[reportPrivateUsage]
    if chooses_from is not None:
        order.choices, order.chooses_from = [], chooses_from
    return order


def choosing(schedule: Schedule, chooses_from: int) -> Schedule:
    """Make a schedule note what else could run, after so many steps of all tasks."""
    schedule._chooses_from = chooses_from  # pyright: ignore[reportPrivateUsage]
    return schedule


def anew(schedule: Schedule) -> Schedule:
    """Return the same schedule, which has not been open: its last run may have broken off."""
    return Schedule(
        schedule.delays, jitter=schedule.jitter, cancel=schedule.cancel, native=schedule.native
    )


def only_begins_late(schedule: Schedule) -> bool:
    """Tell whether all that a schedule has done was to delay tasks that had not begun."""
    delays = {} if callable(schedule.delays) else schedule.delays
    is_all = schedule.cancel is None and not schedule.jitter
    if not (delays and is_all and all(step == 1 for _, step in delays)):
        return False
    # An eager task, as of Python 3.12, has begun before its first step.
    events = schedule._events  # pyright: ignore[reportPrivateUsage]
    return all(it.moment.place is None for it in events if isinstance(it, Delay))


def cancels_all(schedule: Schedule) -> bool:
    """Tell whether a schedule cancels a scope, such as one around a whole test, and not a task."""
    return isinstance(schedule.cancel, int)


def unseen(schedule: Schedule, *, tells: bool = True) -> Schedule:
    """Let a schedule steer code that does not know of it.

    It ends where that code opens a schedule itself, and it adds nothing to errors.

    Args:
        schedule: The schedule.
        tells: Whether anybody will read its explanation.
    """
    schedule._is_unseen = True  # pyright: ignore[reportPrivateUsage]
    schedule._tells = tells  # pyright: ignore[reportPrivateUsage]
    return schedule


def told_of_cancellation(schedule: Schedule, on_cancel: Callable[[], None]) -> None:
    """Make a schedule call a function right before it cancels a scope."""
    schedule._on_cancel = on_cancel  # pyright: ignore[reportPrivateUsage]


def has_steered(schedule: Schedule, task: object) -> bool:
    """Tell whether a task was ready to take a step while a schedule, which is open, steered it."""
    play = schedule._play  # pyright: ignore[reportPrivateUsage]
    return play is not None and play.number_of(task) > 0


def steer(order: Order) -> Play[object, object]:
    """Steer the order of the tasks of the event loop that runs.

    Raises:
        RuntimeError: No event loop runs here, or it is steered already.
        ValueError: The kit does not fit the version of the event loop's library.
        unittest.SkipTest: The event loop cannot be steered.
    """
    try:
        name = backends.running()
    except RuntimeError:
        raise RuntimeError(
            "A schedule steers an event loop, and none runs here; open it in an async test."
        ) from None
    if reason := backends.not_steered(name):
        raise unittest.SkipTest(reason)
    return adapter(name).play(order)
