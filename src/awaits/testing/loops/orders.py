"""The interface of an order of tasks, and what it records. It knows nothing of event loops."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias, cast
from weakref import ref

from awaits.testing.deadlock import Place


class Moment(NamedTuple):
    """A task, and where it stood."""

    number: int  # 0 if it has none yet
    name: str
    place: Place | None  # None if it had not begun
    time: float | None  # virtual, in seconds; None in real time
    wait: str = ""  # what it waits for at the end of its step, if other tasks hold that
    library: str = ""  # the library that it stands in, if it has begun and has no place


@dataclass(eq=False)
class Delay:
    """A step of a task was delayed, while others went ahead or time moved on."""

    step: int
    moment: Moment
    n_before_it: int  # how many steps all tasks had taken
    n_ahead: int = 0
    n_callbacks: int = 0  # how many callbacks of the event loop ran meanwhile
    seconds: float = 0.0
    ahead: list[Moment] = field(default_factory=list[Moment])  # the first few


At: TypeAlias = int | tuple[int, int]
"""Where something is cancelled: the await in a schedule's scope, or the task and its step."""


@dataclass(eq=False)
class Cancellation:
    """A scope or a task was cancelled."""

    at: At
    native: bool  # whether by `Task.cancel()`
    n_events: int  # how many delays had begun
    moment: Moment
    n_before_it: int  # how many steps all tasks had taken


class Entry:
    """A step that is ready, or a callback that the event loop itself needs.

    `step` and `task` are objects of the event loop; an order need not know their types. A callback
    has no task. Tasks are numbered from 1, in the order in which they first become ready, and so
    are the steps of each task. `is_late` and `since` are for the order.
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
        """Return the coroutine that a task runs."""
        ...

    def time(self) -> float | None:
        """Return the virtual time, in seconds; `None` in real time."""
        ...


class Order(ABC):
    """Decides which of the steps that are ready comes next.

    Callbacks of the event loop itself (entries without a task) must stay in the order in which they
    were added, and come after all steps added before them that are not delayed.
    """

    events: list[Delay]
    _play: ref[Steered]
    cancel: int | tuple[int, ...] | None = None
    """At which await to cancel a schedule's scope, or which task to cancel before which steps."""
    native: bool = False
    """Whether to cancel the task by the event loop's own means, right before those steps."""
    n_ready: int = 0
    """How many steps and callbacks can run now."""

    @property
    def play(self) -> Steered:
        """The queue that it steers."""
        return cast("Steered", self._play())

    @play.setter
    def play(self, play: Steered) -> None:
        self._play = ref(play)  # without a cycle, all is freed at once as a run ends

    @abstractmethod
    def add(self, entries: Iterable[Entry]) -> None:
        """Take what has become ready. An error leaves everything where it was."""

    @abstractmethod
    def take(self) -> Entry | None:
        """Return what runs next; `None` if all that is left is delayed.

        The caller must run it. An error leaves everything where it was.
        """

    @abstractmethod
    def rest(self) -> list[Entry]:
        """Take everything, in the order in which it is to run when nothing is steered any more."""

    @property
    def n_late(self) -> int:
        """How many steps are delayed."""
        return 0

    def release(self) -> bool:
        """End the delay of one step; return whether any was delayed."""
        return False

    def latest(self) -> float:
        """Return how far time may move, in virtual seconds, while steps are delayed."""
        return math.inf


class Recorded(Order):
    """An order that is not a schedule, but notes the delays with which a schedule replays it."""

    delays: dict[tuple[int, int], int | Literal["idle"]]
    """The steps that it delayed, and how long."""
    jitter: float = 0.0
    """How late a step may be, in virtual seconds."""
