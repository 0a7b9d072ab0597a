"""trio's queue of the tasks that can run, steered by a schedule.

Private names, read in trio 0.32.0 and 0.35.0:

- `GLOBAL_RUN_CONTEXT.runner`; `Runner.runq`, the queue, which each turn copies and clears.
- `Runner.init_task` and `main_task`, to tell trio's system tasks from the user's.
- `Task._next_send`, the value that a task is woken with, and `_next_send_fn`, the function for it.
"""

# pyright: reportPrivateUsage=false

import inspect
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextvars import Context
from types import FrameType
from typing import Any, TypeVar, cast

import trio.testing
from trio._core._run import GLOBAL_RUN_CONTEXT, Runner, Task

from awaits.testing.deadlock import frames_of
from awaits.testing.loops._trio.waits import is_system_task, look, start_of
from awaits.testing.loops.fence import check_names
from awaits.testing.loops.orders import Order
from awaits.testing.loops.play import Play
from awaits.testing.loops.waits import Does, Here, Look

T = TypeVar("T")

check_names(
    "trio",
    {
        type(GLOBAL_RUN_CONTEXT): ["runner"],
        Runner: ["clock", "init_task", "main_task", "runq"],
        Task: ["_next_send", "_next_send_fn"],
    },
)

if "reason" not in inspect.signature(trio.CancelScope.cancel).parameters:  # anyio gives one
    raise ImportError("CancelScope.cancel takes no reason", name="trio")


# Code in which tasks wait that trio wakes in the order of a set, or of addresses in memory. So it
# also wakes those that wait at a channel that is closed.
WAKES_IN_ANY_ORDER = tuple(
    inspect.unwrap(it).__code__ for it in (trio.Event.wait, trio.testing.wait_all_tasks_blocked)
)


class RunQueuePlay(Play[trio.lowlevel.Task, trio.lowlevel.Task]):
    """trio's queue of the tasks that can run, steered by a schedule.

    Raises:
        ValueError: The order cancels natively.
    """

    __slots__ = ("_runner", "_scopes")

    def __init__(self, order: Order) -> None:
        if order.native:
            raise ValueError(
                "native=True cancels by asyncio's Task.cancel(), which trio does not have; leave "
                "it out, or run this test on asyncio alone."
            )
        self._runner: Runner = GLOBAL_RUN_CONTEXT.runner
        self._scopes: dict[Task, trio.CancelScope] = {}  # of the tasks that may be cancelled
        self.end_what_gives_way(self._runner.runq)
        steps = self._runner.runq
        super().__init__(steps, order, getattr(self._runner.clock, "timekeeper", None))
        self.steer(steps)

    def _use(self, steps: deque[trio.lowlevel.Task]) -> None:
        """Have the event loop use this queue."""
        self._runner.runq = steps

    def __iter__(self) -> Iterator[trio.lowlevel.Task]:
        """Return only one task, because trio would run several in random order."""
        step = self.take_or_release()
        return iter(() if step is None else (step,))

    def clear(self) -> None:
        """Do nothing: the task that trio took is no longer in the queue."""

    def task_of(self, step: trio.lowlevel.Task) -> trio.lowlevel.Task | None:
        """Return the task; `None` for trio's system tasks."""
        if is_system_task(step, self._runner):
            return None
        if self.cancels_a_task and inspect.getcoroutinestate(step.coro) == inspect.CORO_CREATED:
            step.coro = cast("Any", self._in_scope(step, step.coro))
            step._next_send_fn = step.coro.send
        return step

    async def _in_scope(self, task: Task, coroutine: Coroutine[Any, Any, T]) -> T | None:
        """Run a task's coroutine in a cancel scope of its own, to cancel that task alone."""
        with trio.CancelScope() as self._scopes[task]:
            try:
                return await coroutine
            finally:
                del self._scopes[task]
        return None

    def what_cancels(self, task: Task) -> Callable[[], object] | None:
        """Return what cancels a task alone; `None` if that is impossible."""
        scope = self._scopes.get(task)
        return None if scope is None else scope.cancel

    def woken_by(self, step: trio.lowlevel.Task) -> object:
        """Return what has woken a task, if that wakes several tasks in any order."""
        error: object = getattr(step._next_send, "error", None)
        if isinstance(error, trio.Cancelled | trio.ClosedResourceError):
            return type(error)
        for frame in frames_of(step.coro):
            if frame.f_code in WAKES_IN_ANY_ORDER:
                return frame.f_locals.get("self", frame.f_code)
        return None

    def n_cancels(self, task: trio.lowlevel.Task) -> int:
        """Return how often a cancellation is to be raised in a task: at most once."""
        return isinstance(getattr(task._next_send, "error", None), trio.Cancelled)

    def context_of(self, step: trio.lowlevel.Task) -> Context:
        """Return the context variables of a task."""
        return step.context

    def coroutine_of(self, task: trio.lowlevel.Task) -> object:
        """Return the coroutine that a task runs."""
        return task.coro

    def current_task(self) -> trio.lowlevel.Task:
        """Return the task that runs."""
        return trio.lowlevel.current_task()

    def name_of(self, task: trio.lowlevel.Task) -> str:
        """Return the name of a task."""
        return task.name

    def here(self, task: trio.lowlevel.Task) -> Here:
        """Return a task as its event loop knows it."""
        does: Does = "can run" if task._next_send_fn is not None else "waits"
        return Here(task, task.name, task.coro, does=does)

    def start_of(self, task: trio.lowlevel.Task) -> FrameType | None:
        """Return the frame of `start` in which another task waits until this one has started."""
        return start_of(task)

    @property
    def look(self) -> Look:
        """Tells what tasks wait for in trio's own code."""
        return look
