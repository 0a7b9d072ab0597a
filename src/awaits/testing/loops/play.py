"""One play of an order of tasks: a queue for an event loop, which the order steers.

Both event loops keep what can run in a queue, first in, first out: handles on asyncio, tasks on
trio. A `Play` takes the queue's place and asks an `Order` what comes next. `_asyncio/order.py` and
`_trio/order.py` know how each loop takes from its queue.
"""

import itertools
from abc import ABC, abstractmethod
from asyncio import CancelledError
from collections import deque
from collections.abc import Callable, Iterable
from contextvars import Context, ContextVar
from traceback import walk_tb
from types import FrameType
from typing import Generic, TypeVar, cast
from weakref import ref

import anyio

from awaits.testing.deadlock import Line, begins_in_a_library, library_of, place, stack
from awaits.testing.loops.orders import At, Cancellation, Entry, Moment, Order
from awaits.testing.loops.standing import MOST_NAMED, title
from awaits.testing.loops.timekeeper import Timekeeper
from awaits.testing.loops.waits import Here, Look, held_by_others

Step = TypeVar("Step")  # what the queue holds
Task = TypeVar("Task")

# On asyncio, a cancelled scope of anyio's calls itself at each turn until its tasks have ended, so
# the queue is never empty. After so many turns without a step of a task, a delay ends; a timer
# needs two turns for a step.
QUIET_TURNS = 5

MOST_TASKS_TOLD = 1_000  # with more of them, the report does not say who holds what

scope_of: ContextVar[anyio.CancelScope | None] = ContextVar("scope_of", default=None)
"""The innermost of a schedule's cancel scopes that a task runs in."""


class Play(deque[Step], ABC, Generic[Step, Task]):
    """The queue of an event loop. The base class holds what has arrived since the last `take`.

    Nothing may raise inside an event loop: on trio, a test would hang. So `take` keeps an error for
    later, and goes on in the loop's own order.

    Args:
        steps: The event loop's own queue, until `steer`.
        order: What comes next.
        clock: The event loop's virtual time; `None` in real time.

    Raises:
        RuntimeError: The event loop is steered already.
    """

    # A deque with these in a `__dict__` is slow: every step reads some ten of them.
    __slots__ = (
        "_awaiting",
        "_clock",
        "_cut_off",
        "_entered",
        "_last",
        "_n_awaits",
        "_numbers",
        "_opener",
        "_order",
        "_quiet_turns",
        "_starts",
        "_step_numbers",
        "_to_cancel",
        "cancellations",
        "cancels_a_task",
        "contended",
        "error",
        "gives_way",
        "is_closed",
        "of_libraries",
        "on_cancel",
        "ran",
        "stacks",
        "trace",
        "was_thrown",
    )

    # The event loops call overridden methods; under these names, they work on what has arrived.
    _n_arrived = deque.__len__
    _next_arrived = deque.popleft

    def __init__(self, steps: deque[Step], order: Order, clock: Timekeeper | None) -> None:
        self._order = order
        # A virtual clock asks for delayed steps before it moves time. In real time, nobody would
        # ask.
        self._clock = clock
        # A scope, and the task whose step was the await; without a scope, that task alone.
        self._to_cancel: tuple[anyio.CancelScope | None, Task, At] | None = None
        # The scope and the task of the step that runs: it is an await unless it leaves the scope.
        self._awaiting: tuple[anyio.CancelScope, Task] | None = None
        self._quiet_turns = 0
        if isinstance(steps, Play):  # a traceback may show this, which needs what is above
            raise RuntimeError("Another schedule steers this event loop; close it first.")
        super().__init__()
        if clock is not None:
            clock.n_turns = 0
        self.cancels_a_task: bool = isinstance(order.cancel, tuple)
        """Whether a task is to be cancelled."""
        self.gives_way: bool = False
        """Whether another play may begin, which ends this one."""
        self.is_closed: bool = False
        self.on_cancel: Callable[[], None] | None = None
        """What to call before a scope is cancelled."""
        self.error: Exception | None = None
        self.ran: list[int] = []  # the number of the task of each step, in the order of the run
        self.trace: list[Moment] | None = None
        """Where each step began, if that is to be remembered."""
        self.stacks: list[tuple[Line, ...]] | None = None
        """The lines of the user's code at which each step began, if they are to be noted."""
        self.of_libraries: set[int] = set()
        """The tasks that a library has begun to run something of the user's, as for a thread that
        waits for it; noted together with `stacks`."""
        self.contended: list[tuple[int, int]] | None = []
        """The tasks and steps that ran while others were ready, or delayed; `None` if they are not
        to be noted."""
        self.cancellations: list[Cancellation] = []
        self.was_thrown: bool = False
        """Whether the cancellation of a scope is raised in the task that has entered it, where that
        waits: there is no shield."""
        self._cut_off: list[object] = []  # the frames of the tasks that were cancelled alone
        self._starts: list[object] = []  # the frames in which others waited until they started
        self._last: Task | None = None  # the task that took the last step of the trace
        self._n_awaits = 0
        # The scopes of a schedule that are open, and the tasks that opened them.
        self._entered: dict[anyio.CancelScope, Task] = {}
        # The numbers of tasks, in the order in which they first came. Weak: neither a task that has
        # ended nor the error that it raised must be kept alive. A `WeakKeyDictionary` would do, but
        # is slow.
        self._numbers: dict[ref[Task], int] = {}
        self._step_numbers: list[int] = [0]  # how many steps of each task came, by its number
        self._opener = ref(self.current_task())
        order.play = self

    @property
    def is_in_real_time(self) -> bool:
        """Whether the event loop's time is not virtual."""
        return self._clock is None

    @property
    def opener(self) -> int:
        """The number of the task that opened this play; 0 if it has not come to the queue since."""
        return self._numbers.get(self._opener, 0)

    @abstractmethod
    def task_of(self, step: Step) -> Task | None:
        """Return the task that takes a step; `None` for a callback of the event loop itself."""

    @abstractmethod
    def woken_by(self, step: Step) -> object:
        """Return what has woken a step's task, if that wakes several tasks in any order.

        Returns:
            A cancellation, for instance: the tasks of a cancel scope are a set. Otherwise `None`.
        """

    @abstractmethod
    def context_of(self, step: Step) -> Context:
        """Return the context variables of a step."""

    def is_in(self, scope: anyio.CancelScope, task: Task) -> bool:  # noqa: ARG002 see asyncio's
        """Tell whether a cancel scope cancels a task."""
        return True

    def is_for_a_thread(self, task: Task) -> bool:  # noqa: ARG002 see asyncio's
        """Tell whether a thread waits for what a task runs, though no library runs it."""
        return False

    @abstractmethod
    def n_cancels(self, task: Task) -> int:
        """Return how often a cancellation is to be raised in a task, or was."""

    def ends_others(self, task: Task) -> bool:  # noqa: ARG002 see asyncio's
        """Tell whether a task waits for the end of tasks that were cancelled before."""
        return False

    @property
    def is_native(self) -> bool:
        """Whether the event loop has a means of its own to cancel a task, besides cancel scopes."""
        return False

    def loses_if_cancelled(self, task: Task) -> bool:  # noqa: ARG002 see asyncio's
        """Tell whether the event loop loses what it has made for a task, if that is cancelled."""
        return False

    def others_lose_if_cancelled(self, task: Task) -> bool:  # noqa: ARG002 see asyncio's
        """Tell whether it would do so for other tasks, which are cancelled with that one."""
        return False

    @abstractmethod
    def coroutine_of(self, task: Task) -> object:
        """Return the coroutine that a task runs."""

    @abstractmethod
    def name_of(self, task: Task) -> str:
        """Return the name of a task."""

    @abstractmethod
    def here(self, task: Task) -> Here:
        """Return a task as its event loop knows it."""

    @abstractmethod
    def start_of(self, task: Task) -> FrameType | None:
        """Return the frame of `start` in which another task waits until this one has started."""

    @property
    @abstractmethod
    def look(self) -> Look:
        """Tells what tasks wait for in this event loop's own code."""

    def time(self) -> float | None:
        """Return the virtual time, in seconds; `None` in real time."""
        return None if self._clock is None else self._clock.now

    # For the event loops.

    def __len__(self) -> int:
        # A loop takes as many steps as this says, even if the schedule is closed meanwhile. So a
        # pending cancellation counts only if there is nothing else.
        n_ready = self._n_arrived() + self._order.n_ready
        if self._clock is None:
            n_ready += self._order.n_late
        return n_ready or int(self._to_cancel is not None or self._is_the_await())

    def take_or_release(self) -> Step | None:
        """Take a step as a turn begins. In real time, end a delay if all steps are delayed."""
        self._quiet_turns += 1
        if self._quiet_turns > QUIET_TURNS:
            self.release()
        step = self.take()
        if step is None and self._clock is None:
            self.release()
            step = self.take()
        return step

    def release(self) -> bool:
        """End the delay of one step; return whether any was delayed."""
        self._quiet_turns = 0
        return self._order.release()

    def latest(self) -> float:
        """Return how far time may move, in virtual seconds."""
        return self._order.latest()

    def take(self) -> Step | None:
        """Return the step to run now; `None` if all that are left are delayed."""
        if self.error is not None:
            return self._next_arrived() if self._n_arrived() else None
        entry: Entry | None = None
        try:
            if self._awaiting is not None or self._to_cancel is not None:
                self._cancel_if_it_is_time()
            if self._n_arrived():
                self._admit()
            order = self._order
            entry = order.take()
            if entry is not None and entry.task is not None:
                if order.cancel is not None:
                    self._look_for_cancellation(entry, order.cancel)
                self.ran.append(entry.number)
                self._quiet_turns = 0
                if self.contended is not None and (order.n_ready or order.n_late):
                    self.contended.append((entry.number, entry.step_number))
                if self.trace is not None or self.stacks is not None:
                    self._note(entry)
        except Exception as error:  # noqa: BLE001 raised when the schedule is closed
            self.error = error
            self.extend(self.rest())
            if entry is None:
                return self.take()
        step: Step | None = None if entry is None else entry.step
        return step

    def rest(self) -> deque[Step]:
        """Take all steps, for a queue that nobody steers."""
        self._to_cancel = self._awaiting = None
        steps = deque(entry.step for entry in self._order.rest())
        steps.extend(self._arrivals())
        return steps

    def close(self) -> None:
        """Give the event loop its own queue back, once."""
        if not self.is_closed:
            self.is_closed = True
            if self.trace is not None:
                self._note_wait(self.trace)
            steps: deque[Step] = deque()
            self._use(steps)
            steps.extendleft(reversed(self.rest()))

    def steer(self, steps: deque[Step]) -> None:
        """Steer the event loop whose own queue has held these steps."""
        # Other threads append to the queue that the event loop uses. So first replace that queue:
        # then nothing more comes to the old one, and what has come to the new one is younger.
        self._use(self)
        self.extendleft(reversed(steps))

    @abstractmethod
    def _use(self, steps: deque[Step]) -> None:
        """Have the event loop use this queue."""

    @staticmethod
    def end_what_gives_way(steps: deque[Step]) -> None:
        """Close the play that steers an event loop, if it gives way to another."""
        if isinstance(steps, Play) and steps.gives_way:
            steps.close()

    # For the cancel scopes of a schedule.

    @abstractmethod
    def current_task(self) -> Task:
        """Return the task that runs."""

    def enter(self, scope: anyio.CancelScope) -> None:
        """Count the awaits in a cancel scope. The first is where the step that opens it ends."""
        self._entered[scope] = self.current_task()
        self._awaiting = scope, self._entered[scope]

    def leave(self, scope: anyio.CancelScope) -> None:
        """Do not cancel a scope any more, because it is closed."""
        self._entered.pop(scope, None)

    # For orders.

    def number_of(self, task: Task) -> int:
        """Return the number of a task; 0 if it has none yet."""
        return self._numbers.get(ref(task), 0)

    def moment(self, task: Task) -> Moment:
        """Return where a task stands, and when."""
        coroutine = self.coroutine_of(task)
        where = place(coroutine)
        name = title(self.name_of(task), where, coroutine)
        # The task that opens a schedule has no number until it comes to the queue.
        library = "" if where else library_of(coroutine)
        return Moment(self.number_of(task), name, where, self.time(), library=library)

    def _note(self, entry: Entry) -> None:
        """Note where the task stands that takes the next step."""
        if self.trace is not None:
            self._note_wait(self.trace)
            self.trace.append(self.moment(entry.task))
            self._last = entry.task
        if self.stacks is not None:
            coroutine = self.coroutine_of(entry.task)
            self.stacks.append(stack(coroutine))
            if begins_in_a_library(coroutine) or self.is_for_a_thread(entry.task):
                self.of_libraries.add(entry.number)

    def _look_for_cancellation(self, entry: Entry, cancel: int | tuple[int, ...]) -> None:
        """Cancel the step's task natively, or a scope after the step, if it is time."""
        if not isinstance(cancel, tuple):
            scope = self.context_of(entry.step).get(scope_of) if self._entered else None
            if scope in self._entered:  # a task of an earlier run may be in a closed one
                self._awaiting = scope, entry.task
        elif self._order.native:
            if cancel[0] == entry.number and entry.step_number in cancel[1:]:
                self._cancel_natively(entry.task, (entry.number, entry.step_number))
        else:
            at = entry.number, entry.step_number + 1
            if cancel == at:
                self._to_cancel = None, entry.task, at

    def _note_wait(self, trace: list[Moment]) -> None:
        """Note what the task that took the last step waits for."""
        last, self._last = self._last, None
        if last is None or len(self._numbers) > MOST_TASKS_TOLD:
            return
        wait = held_by_others(self.here(last), self._all_here, self.look)
        if wait is not None:
            numbers = sorted(self.number_of(cast("Task", it)) for it in wait.holders)
            held_by = ", ".join(map(str, numbers[:MOST_NAMED]))
            trace[-1] = trace[-1]._replace(wait=f"{wait.what}, held by {held_by}")

    def _all_here(self) -> Iterable[Here]:
        return (self.here(task) for it in list(self._numbers) if (task := it()) is not None)

    def _arrivals(self) -> list[Step]:
        # Other threads may append meanwhile.
        return [self._next_arrived() for _ in range(self._n_arrived())]

    def _admit(self) -> None:
        # Usually one step arrives alone. Other threads may append meanwhile.
        n_arrived = self._n_arrived()
        arrivals = (self._next_arrived(),) if n_arrived == 1 else self._arrivals()
        try:
            if n_arrived == 1:
                self._order.add((self._entry(arrivals[0]),))
            else:
                self._order.add(self._in_order([self._entry(step) for step in arrivals]))
        except Exception:
            self.extend(arrivals)
            raise

    def _in_order(self, entries: list[Entry]) -> list[Entry]:
        # Both event loops keep the tasks of a cancel scope in a set; trio also those that wait for
        # an event. And it sorts the deadlines of one instant by addresses in memory. So the order
        # in which such tasks are woken would be another one in each run.
        in_order: list[Entry] = []
        for woken_by, group in itertools.groupby(entries, self._woken_by):
            woken = list(group)
            if woken_by is not None:
                woken.sort(key=lambda entry: entry.number)
            in_order += woken
        return in_order

    def _entry(self, step: Step) -> Entry:
        task = self.task_of(step)
        if task is None:
            return Entry(step, None, 0, 0)
        numbers, step_numbers = self._numbers, self._step_numbers
        weak = ref(task)
        number = numbers.get(weak)
        if number is None:
            number = numbers[weak] = len(step_numbers)
            step_numbers.append(0)
        step_number = step_numbers[number] = step_numbers[number] + 1
        return Entry(step, task, number, step_number)

    def _woken_by(self, entry: Entry) -> object:
        return None if entry.task is None else self.woken_by(entry.step)

    def _cancel_if_it_is_time(self) -> None:
        """Cancel what is to be cancelled now that a step is over."""
        if self._awaiting is not None:
            self._count_await(*self._awaiting)
        if self._to_cancel is not None:
            self._deliver(*self._to_cancel)

    def _is_the_await(self) -> bool:
        """Tell whether the step that runs may be the await at which to cancel."""
        return self._awaiting is not None and self._n_awaits + 1 == self._order.cancel

    def _count_await(self, scope: anyio.CancelScope, task: Task) -> None:
        self._awaiting = None
        has_ended = getattr(self.coroutine_of(task), "cr_frame", self) is None
        if has_ended or scope not in self._entered or self.loses_if_cancelled(task):
            return
        is_the_one = self._n_awaits + 1 == self._order.cancel
        if is_the_one and self.others_lose_if_cancelled(task):
            return
        self._n_awaits += 1
        if is_the_one:
            self._to_cancel = scope, task, self._n_awaits

    def _cancel_once(self, task: Task) -> None:
        """Cancel a task by the event loop's own means, whatever it is in."""
        raise NotImplementedError

    def _cancel_natively(self, task: Task, at: At) -> None:
        """Cancel a task by the event loop's own means, before the step that it is to take."""
        raise NotImplementedError

    @abstractmethod
    def what_cancels(self, task: Task) -> Callable[[], object] | None:
        """Return what cancels a task alone, as if it were in a cancel scope of its own.

        Returns:
            `None` if the task has ended, or is older than this play.
        """

    def _deliver(self, scope: anyio.CancelScope | None, task: Task, at: At) -> None:
        self._to_cancel = None
        if scope is None:
            cancel = self.what_cancels(task)
            if cancel is not None:
                self._note_cancellation(task, at)
                cancel()
            return
        # A task of asyncio's own is not cancelled by the scope: only the task is that waits for it.
        native = self._order.native
        is_cancelled = not native and self.is_in(scope, task)
        self._note_cancellation(task if is_cancelled else self._entered[scope], at)
        if self.on_cancel is not None:
            self.on_cancel()
        main = self._entered[scope]
        # `with suppress(CancelledError): await task`, once that is cancelled, takes this one, too.
        is_seen, n_before = not self.ends_others(main), self.n_cancels(main)
        if native:
            self._cancel_once(main)
        else:
            scope.cancel()
        self.was_thrown = is_seen and self.n_cancels(main) > n_before

    def has_raised(self, error: BaseException | None) -> bool:
        """Tell whether an error says only that a task ended because this play has cancelled it.

        On asyncio, who waits for that task gets its cancellation as well. And who waits in `start`
        until it has started gets a `RuntimeError`. Neither is a failure.
        """
        if isinstance(error, BaseExceptionGroup):
            return all(map(self.has_raised, error.exceptions))
        if isinstance(error, CancelledError):
            return _comes_through(self._cut_off, error)
        return (
            isinstance(error, RuntimeError)
            and _comes_through(self._starts, error)
            and not _comes_through(self._cut_off, error)  # which would be the task's own error
        )

    def _note_cancellation(self, task: Task, at: At) -> None:
        if isinstance(at, tuple):
            self._cut_off.append(getattr(self.coroutine_of(task), "cr_frame", None))
            self._starts.append(self.start_of(task))
        n_events, native = len(self._order.events), self._order.native
        self.cancellations.append(
            Cancellation(at, native, n_events, self.moment(task), len(self.ran))
        )


def _comes_through(frames: Iterable[object], error: BaseException) -> bool:
    """Tell whether an error was raised in one of these frames, or in what they called."""
    passed = [frame for frame, _ in walk_tb(error.__traceback__)]
    return any(it is frame for it in frames for frame in passed)
