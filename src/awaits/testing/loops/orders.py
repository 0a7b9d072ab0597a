"""What an order of tasks is asked, and what it tells: nothing of an event loop."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

from awaits.testing.deadlock import Place


class Moment(NamedTuple):
    """A task, and where it stood."""

    number: int  # 0 if it has none yet
    name: str
    place: Place | None  # None if it had not begun
    time: float | None  # virtual, in seconds; None in real time
    wait: str = ""  # where its step ended: what it waits for, if other tasks hold that
    library: str = ""  # whose code it stands in, if it has begun and no place is the user's


@dataclass(eq=False)
class Delay:
    """A step of a task was delayed, while others went ahead or time moved on."""

    step: int
    moment: Moment
    n_before_it: int  # how many steps all tasks had taken
    n_ahead: int = 0
    n_callbacks: int = 0  # of the event loop, that ran meanwhile
    seconds: float = 0.0
    ahead: list[Moment] = field(default_factory=list[Moment])  # the first few


At: TypeAlias = int | tuple[int, int]
"""Where something is cancelled: the await in a schedule's scope, or the task and its step."""


@dataclass(eq=False)
class Cancellation:
    """A scope or a task was cancelled, after so many delays."""

    at: At
    native: bool  # whether by `Task.cancel()`
    n_events: int  # how many delays had begun
    moment: Moment
    n_before_it: int  # how many steps all tasks had taken


class Entry:
    """A step that is ready, or a callback that the event loop itself needs.

    `step` and `task` are what they are on the event loop, which an order need not know; a callback
    has no task. Tasks are numbered from 1 in the order in which they first come, and so are the
    steps of each. `is_late` and `since` are for the order.
    """

    __slots__ = ("is_late", "number", "since", "step", "step_number", "task")

    def __init__(self, step: Any, task: Any, number: int, step_number: int) -> None:  # noqa: ANN401 see above
        self.step: Any = step
        self.task: Any = task
        self.number: int = number
        self.step_number: int = step_number
        self.is_late: bool = False
        self.since: int = -1


class Steered(Protocol):
    """What an order may ask the queue that it steers."""

    def moment(self, task: Any) -> Moment:  # noqa: ANN401 a task of either event loop
        """Return where a task stands, and when."""
        ...

    def coroutine_of(self, task: Any) -> object:  # noqa: ANN401 see above
        """Return what a task runs."""
        ...

    def time(self) -> float | None:
        """Return the virtual time, in seconds; `None` in real time."""
        ...


class Order(ABC):
    """What comes next among the steps that are ready.

    Callbacks of the event loop itself (entries without a task) must stay in the order in which they
    were added, and come after all steps added before them that are not delayed.
    """

    play: Steered
    events: list[Delay]
    cancel: int | tuple[int, ...] | None = None
    """At which await in a schedule's scope to cancel it, or which task before which steps."""
    native: bool = False
    """Whether to cancel the task by the event loop's own means, right before those steps."""
    n_ready: int = 0
    """How many steps and callbacks can run now."""

    @abstractmethod
    def add(self, entries: Iterable[Entry]) -> None:
        """Take what has become ready. An error leaves everything where it was."""

    @abstractmethod
    def take(self) -> Entry | None:
        """Return what runs next; `None` if there is nothing but what is delayed.

        What is returned runs. An error leaves everything where it was.
        """

    @abstractmethod
    def rest(self) -> list[Entry]:
        """Take everything, in the order in which it runs when nothing is steered any more."""

    @property
    def n_late(self) -> int:
        """How many steps are delayed."""
        return 0

    def release(self) -> bool:
        """Delay one step no longer; return whether any was delayed."""
        return False

    def latest(self) -> float:
        """Return how far time may move, in virtual seconds, with what is delayed."""
        return math.inf


class Recorded(Order):
    """An order that is no schedule, and notes what a schedule must say to be the same."""

    delays: dict[tuple[int, int], int | Literal["idle"]]
    """The steps that it delayed, and how long."""
    jitter: float = 0.0
    """How late a step may be, in virtual seconds."""
