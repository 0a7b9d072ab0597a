"""One play of a schedule: the queue of what can run in an event loop, steered by a schedule.

Both event loops keep what can run in a queue, first in, first out: handles on asyncio, tasks on
trio. A play takes the queue's place; `_asyncio.py` and `_trio.py` tell how each loop takes from it.
"""

import heapq
import itertools
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping
from contextvars import Context, ContextVar
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar, cast

import anyio

from awaits.testing.places import Place, place

Step = TypeVar("Step")  # what the queue holds
Task = TypeVar("Task")

# A cancelled scope of anyio's on asyncio calls itself at each turn until its tasks have ended: the
# queue is never empty. So many turns without a task's step are enough; a timer needs two for one.
QUIET_TURNS = 5

SHOWN = 3  # how many of the steps that went ahead of a task are remembered

scope_of: ContextVar[anyio.CancelScope | None] = ContextVar("scope_of", default=None)
"""The innermost of a schedule's cancel scopes that a task runs in."""


class Moment(NamedTuple):
    """A task, and where it stood."""

    number: int
    name: str
    place: Place | None  # None if it had not begun
    time: float | None  # virtual, in seconds; None in real time


@dataclass
class Hold:
    """A task was held back, while others went ahead."""

    step: int
    moment: Moment
    n_ahead: int = 0
    ahead: list[Moment] = field(default_factory=list[Moment])  # the first few


@dataclass
class Cancellation:
    """A cancel scope was cancelled, after so many awaits in it."""

    n_awaits: int
    moment: Moment


class Play(deque[Step], ABC, Generic[Step, Task]):
    """The queue of an event loop; what the base class holds has arrived since the last `take`.

    Nothing may raise in an event loop: on trio, a test would hang. So `take` keeps the error, and
    goes on in the loop's own order.

    Args:
        steps: What can run now.
        holds: As for `Schedule`.
        cancel: As for `Schedule`.

    Raises:
        RuntimeError: A schedule steers the event loop already.
    """

    def __init__(
        self, steps: deque[Step], holds: Mapping[tuple[int, int], int], cancel: int | None
    ) -> None:
        if isinstance(steps, Play):
            raise RuntimeError("Another schedule steers this event loop; close it first.")
        super().__init__(steps)
        self.events: list[Hold | Cancellation] = []
        self.error: Exception | None = None
        self._holds = holds
        self._cancel = cancel
        self._n_awaits = 0
        self._to_cancel: tuple[anyio.CancelScope, Task] | None = None
        self._queue: deque[Step] = deque()
        self._released: deque[Step] = deque()  # those held no longer, which run first
        self._held: list[tuple[int, int, Step, Hold]] = []  # a heap, by the step that ends it
        self._numbers: dict[Task, int] = {}  # of tasks, in the order in which they first came
        self._n_steps: list[int] = [0]  # of each task, by its number; of all, at 0
        self._quiet_turns = 0

    @abstractmethod
    def task_of(self, step: Step) -> Task | None:
        """Return the task that takes a step; `None` for what the loop itself needs in order."""

    @abstractmethod
    def is_cancelled(self, step: Step) -> bool:
        """Tell whether the step of a task is to raise a cancellation."""

    @abstractmethod
    def context_of(self, step: Step) -> Context:
        """Return the context variables of a step."""

    @abstractmethod
    def coroutine_of(self, task: Task) -> object:
        """Return what a task runs."""

    @abstractmethod
    def name_of(self, task: Task) -> str:
        """Return the name of a task."""

    @abstractmethod
    def time(self) -> float | None:
        """Return the virtual time, in seconds; `None` in real time."""

    # For the event loops.

    def __len__(self) -> int:
        # A loop takes as often as it was told, even when the schedule was closed meanwhile: a
        # cancellation counts only where there is nothing else.
        n_steps = super().__len__() + len(self._queue) + len(self._released)
        return n_steps or int(self._to_cancel is not None)

    @property
    def n_held(self) -> int:
        """How many steps are held back; `len` does not count them."""
        return len(self._held)

    def turn_begins(self) -> None:
        """Count the turns in which no task took a step."""
        self._quiet_turns += 1
        if self._quiet_turns > QUIET_TURNS:
            self.release()

    def release(self) -> bool:
        """Hold one step no longer; return whether any was held back."""
        self._quiet_turns = 0
        if not self._held:
            return False
        self._released.append(heapq.heappop(self._held)[2])
        return True

    def take(self) -> Step | None:
        """Return the step to run now; `None` if there are none but those held back."""
        try:
            if self.error is None:
                return self._choose()
        except Exception as error:  # noqa: BLE001 raised when the schedule is closed
            self.error = error
            self._queue = self.rest()
        self._queue.extend(self._arrivals())
        return self._queue.popleft() if self._queue else None

    def rest(self) -> deque[Step]:
        """Take all steps, for a queue that nobody steers."""
        held = (step for *_, step, _ in sorted(self._held, key=lambda held: held[:2]))
        steps = deque((*self._released, *held, *self._queue, *self._arrivals()))
        self._held.clear()
        self._released.clear()
        self._queue.clear()
        self._to_cancel = None
        return steps

    @abstractmethod
    def close(self) -> None:
        """Give the event loop its own queue back."""

    # For the cancel scopes of a schedule.

    @abstractmethod
    def current_task(self) -> Task:
        """Return the task that runs."""

    def enter(self, scope: anyio.CancelScope) -> None:
        """Count the awaits in a cancel scope, beginning with where the step that opens it ends."""
        self._count_await(scope, self.current_task())

    def leave(self, scope: anyio.CancelScope) -> None:
        """Leave a cancel scope alone that is closed."""
        if self._to_cancel is not None and self._to_cancel[0] is scope:
            self._to_cancel = None

    # What the schedule picks.

    def _choose(self) -> Step | None:
        if self._to_cancel is not None:
            self._deliver(*self._to_cancel)
        self._admit()
        if self._released:
            return self._run(self._released)
        queue = self._queue
        while queue:
            task = self.task_of(queue[0])
            if task is None:
                return queue.popleft()
            number = self._numbers[task]
            self._n_steps[number] += 1
            step = self._n_steps[number]
            if (number, step) not in self._holds:
                return self._run(queue)
            self._hold(queue[0], task, step)
            queue.popleft()
        return None

    def _arrivals(self) -> list[Step]:
        pop = super().popleft  # other threads may append meanwhile
        return [pop() for _ in range(super().__len__())]

    def _admit(self) -> None:
        arrivals = self._arrivals()
        self._queue.extend(arrivals)
        for step in arrivals:
            task = self.task_of(step)
            if task is not None and task not in self._numbers:
                self._numbers[task] = len(self._n_steps)
                self._n_steps.append(0)
        if len(arrivals) > 1 and any(map(self._is_cancelled, arrivals)):
            # Both event loops keep the tasks of a cancel scope in a set, and trio the deadlines
            # of one instant by their addresses in memory: another order every time.
            for _ in arrivals:
                self._queue.pop()
            for cancelled, steps in itertools.groupby(arrivals, self._is_cancelled):
                in_order = list(steps)
                self._queue.extend(sorted(in_order, key=self._number) if cancelled else in_order)

    def _is_cancelled(self, step: Step) -> bool:
        return self.task_of(step) is not None and self.is_cancelled(step)

    def _number(self, step: Step) -> int:
        return self._numbers[cast("Task", self.task_of(step))]

    def _hold(self, step: Step, task: Task, n_steps: int) -> None:
        hold = Hold(n_steps, self._moment(task))
        self.events.append(hold)
        until = self._n_steps[0] + self._holds[hold.moment.number, n_steps]
        heapq.heappush(self._held, (until, len(self.events), step, hold))

    def _run(self, steps: deque[Step]) -> Step:
        step = steps[0]
        task = cast("Task", self.task_of(step))
        self._n_steps[0] += 1
        self._quiet_turns = 0
        for *_, hold in self._held:
            hold.n_ahead += 1
            if hold.n_ahead <= SHOWN:
                hold.ahead.append(self._moment(task))
        if self._cancel is not None:
            scope = self.context_of(step).get(scope_of)
            if scope is not None:
                self._count_await(scope, task)
        steps.popleft()
        while self._held and self._held[0][0] <= self._n_steps[0]:
            self._released.append(heapq.heappop(self._held)[2])
        return step

    def _moment(self, task: Task) -> Moment:
        where = place(self.coroutine_of(task))
        name = where.function if where else self.name_of(task)
        # The task that opens a schedule comes to the queue later.
        number = self._numbers.get(task, 0)
        return Moment(number, name.rpartition("<locals>.")[2], where, self.time())

    def _count_await(self, scope: anyio.CancelScope, task: Task) -> None:
        self._n_awaits += 1
        if self._n_awaits == self._cancel:
            self._to_cancel = scope, task

    def _deliver(self, scope: anyio.CancelScope, task: Task) -> None:
        self._to_cancel = None
        self.events.append(Cancellation(self._n_awaits, self._moment(task)))
        scope.cancel()
