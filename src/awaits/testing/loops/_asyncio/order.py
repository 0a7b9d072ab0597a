"""asyncio's queue of what can run, steered by a schedule.

Private names, read in CPython 3.11.7, 3.12.1 and 3.13.0:

- `BaseEventLoop._ready`, the queue. A turn begins by asking for its length, and takes from its
  left.
- `Handle._callback`, `_args` and `_context`, and the names of the callbacks that are steps of
  tasks.
- `Future._callbacks`, each with its context variables, and `futures._chain_future`, whose inner
  functions are among them where a thread waits.
- `SelectorEventLoop._make_subprocess_transport`, which waits until a process has its pipes, and
  `BaseSubprocessTransport._connect_pipes`, which gives it these in a task.

And in anyio 4.16.0: a scope's `_host_task`, the task that entered it, and `_deliver_cancellation`,
which makes the event loop call it again at the next turn; `TaskHandle._run_coro`, of which anyio's
tasks are made.
"""

# pyright: reportPrivateUsage=false

import asyncio
import itertools
import unittest
from asyncio import all_tasks, current_task, futures, get_running_loop
from asyncio.base_subprocess import BaseSubprocessTransport
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from types import CodeType, FrameType, FunctionType
from typing import Any, TypeVar, cast

import anyio
from anyio._backends import _asyncio as anyio_asyncio
from anyio._backends._asyncio import CancelScope
from anyio._core._tasks import TaskHandle

from awaits.testing.deadlock import frames_of
from awaits.testing.loops._asyncio.cancellable import scope_of_whole, scopes_of
from awaits.testing.loops._asyncio.sockets import Sockets
from awaits.testing.loops._asyncio.waits import here, look, name_of, start_of, tasks_awaited_by
from awaits.testing.loops.factory import made_by_factory
from awaits.testing.loops.fence import check_names
from awaits.testing.loops.orders import At, Order
from awaits.testing.loops.play import Play
from awaits.testing.loops.waits import Here, Look

check_names(
    "Python",
    {
        asyncio.BaseEventLoop: ["_ready"],
        asyncio.Future: ["_callbacks"],
        asyncio.Handle: ["_args", "_callback", "_context"],
        futures: ["_chain_future"],
    },
)

check_names(
    "anyio",
    {
        CancelScope: ["_deliver_cancellation", "_host_task"],
        TaskHandle: ["_run_coro"],
    },
)

T = TypeVar("T")

# The code of what `asyncio.run_coroutine_threadsafe` makes a task call when it has ended.
TELLS_THREAD = {
    it for it in vars(futures)["_chain_future"].__code__.co_consts if isinstance(it, CodeType)
}

# Which of asyncio's functions call which where it would lose what it makes. It sleeps for a turn as
# it has made a server. As it has started a process, it waits for the pipes; cancelled there, it
# waits again to close them, and a scope of anyio's cancels that as well.
_LOOP = asyncio.SelectorEventLoop
_STARTS_PROCESS = getattr(_LOOP, "_make_subprocess_transport", None)
_CONNECTS = getattr(BaseSubprocessTransport, "_connect_pipes", None)
LOSES = {
    (caller.__code__, called.__code__)
    for caller, called in [
        (_LOOP.create_server, asyncio.sleep),
        (_LOOP.create_unix_server, asyncio.sleep),
        (_LOOP.subprocess_exec, _STARTS_PROCESS),
        (_LOOP.subprocess_shell, _STARTS_PROCESS),
        (_CONNECTS, _LOOP.connect_read_pipe),
        (_CONNECTS, _LOOP.connect_write_pipe),
    ]
    if isinstance(caller, FunctionType) and isinstance(called, FunctionType)
}

# asyncio's names for a task's first step and for its later ones: in C, then in Python.
STEPS = {"TaskStepMethWrapper", "task_wakeup", "__step", "__wakeup"}


class ReadyPlay(Play[asyncio.Handle, asyncio.Task[object]]):
    """The queue of an asyncio event loop, steered by a schedule.

    Raises:
        ValueError: The order cancels a task natively, and the event loop starts tasks eagerly.
    """

    __slots__ = (
        "_factory",
        "_has_looked",
        "_loop",
        "_nothing",
        "_older",
        "_sockets",
        "_wrapped_tasks",
        "_wraps",
    )

    def __init__(self, order: Order) -> None:
        loop = get_running_loop()
        if not isinstance(loop, asyncio.BaseEventLoop):
            raise unittest.SkipTest(
                f"A schedule cannot steer {type(loop).__module__}, which keeps its queue to "
                "itself; choose asyncio or trio."
            )
        self._loop = cast("Any", loop)  # `vars` would make all attributes of the event loop slow
        self.end_what_gives_way(self._loop._ready)
        steps = self._loop._ready
        super().__init__(steps, order, getattr(loop, "timekeeper", None))
        # anyio's tasks that are wrapped, and how often each was cancelled.
        self._wrapped_tasks: dict[asyncio.Task[object], int] = {}
        self._older = all_tasks(loop) if self.cancels_a_task else set()
        self._factory = loop.get_task_factory()
        self._wraps = self.cancels_a_task and order.native
        if self._wraps and _is_eager(self._factory):
            raise ValueError(
                "native=True cannot cancel tasks that begin before it has seen them; leave out "
                "asyncio's eager_task_factory in this test, or native=True."
            )
        self._sockets = Sockets(self._loop, self)
        self._has_looked = False  # whether the loop has asked for the length since `popleft`
        self._nothing = asyncio.Handle(print, (), self._loop)
        self._nothing.cancel()
        self.steer(steps)

    def arrived(self) -> list[asyncio.Handle]:
        """Return the handles that became ready since the last one was taken from the queue."""
        # Other threads may append meanwhile.
        return [deque.__getitem__(self, n) for n in range(self._n_arrived())]

    def _use(self, steps: deque[asyncio.Handle]) -> None:
        """Have the event loop use this queue."""
        self._loop._ready = steps
        self._sockets.steer(steps is self)
        if not self._wraps:
            return
        if steps is self:
            self._loop.set_task_factory(self._wrapped)
        elif self._loop.get_task_factory() == self._wrapped:  # the program may have set another
            self._loop.set_task_factory(self._factory)

    def _wrapped(
        self,
        loop: asyncio.AbstractEventLoop,
        coroutine: Coroutine[object, object, object],
        **kwargs: Any,
    ) -> asyncio.Task[object]:
        if getattr(coroutine, "cr_code", None) is TaskHandle._run_coro.__code__:
            coroutine = self._natively(coroutine)
        if self._factory is None:
            return made_by_factory(coroutine, loop, **kwargs)
        return cast("asyncio.Task[object]", self._factory(loop, coroutine, **kwargs))

    async def _natively(self, coroutine: Coroutine[object, object, T]) -> T | None:
        """Run a task's coroutine so that it can be cancelled natively.

        anyio ends a task group when one of its tasks ends as cancelled. Here only the one task is
        to be cancelled, so its group does not learn of it. Anything else that waits for the task
        does.
        """
        task = self.current_task()
        self._wrapped_tasks[task] = 0
        try:
            return await coroutine
        except asyncio.CancelledError:  # noqa: ASYNC103 the task ends here
            n_cancelled = self._wrapped_tasks[task]
            if task.cancelling() != n_cancelled:
                raise
            for _ in range(n_cancelled):
                task.uncancel()
            return None  # noqa: ASYNC104 see above
        finally:
            del self._wrapped_tasks[task]

    def _cancel_once(self, task: asyncio.Task[object]) -> None:
        task.cancel()

    def _cancel_natively(self, task: asyncio.Task[object], at: At) -> None:
        # A shield holds off cancel scopes, but not `Task.cancel()`. Code that shields, and that is
        # only ever cancelled by scopes, is right.
        if task in self._older or _is_shielded(task):
            return
        self._note_cancellation(task, at)
        if task in self._wrapped_tasks:
            self._wrapped_tasks[task] += 1
        task.cancel()

    def what_cancels(self, task: asyncio.Task[object]) -> Callable[[], object] | None:
        """Return what cancels a task alone; `None` if that is impossible.

        Tasks of anyio have a cancel scope each. Those of asyncio know only `Task.cancel()`.
        """
        if task in self._older or task.done():
            return None
        scope = scope_of_whole(task)
        if scope is not None:
            return scope.cancel
        return None if _is_shielded(task) else task.cancel

    def __len__(self) -> int:
        self._has_looked = True  # each turn begins by asking how much there is to do
        return super().__len__()

    def popleft(self) -> asyncio.Handle:
        """Return the handle that runs next; if all are delayed, one that does nothing."""
        sockets = self._sockets
        if sockets.told is not None:
            sockets.note_what_it_wakes()
        if self._has_looked:
            self._has_looked = False
            step = self.take_or_release()
        else:
            step = self.take()
        if step is None:
            return self._nothing
        if sockets.waiting:
            sockets.runs(step, is_step=self.task_of(step) is not None)
        return step

    # asyncio's types do not show what a handle is to asyncio itself.

    def task_of(self, step: object) -> asyncio.Task[object] | None:
        """Return the task that takes a step; `None` for any other callback."""
        return task_of(step)

    def woken_by(self, step: object) -> object:
        """Return what has woken a step's task, if that wakes several tasks in any order."""
        return asyncio.CancelledError if is_woken_by_cancellation(step) else None

    def context_of(self, step: Any) -> Context:
        """Return the context variables of a step."""
        return cast("Context", step._context)

    def is_in(self, scope: anyio.CancelScope, task: asyncio.Task[object]) -> bool:
        """Tell whether a cancel scope cancels a task: one that anyio has started in it."""
        return any(it is scope for it in scopes_of(task))

    def is_for_a_thread(self, task: asyncio.Task[object]) -> bool:
        """Tell whether `asyncio.run_coroutine_threadsafe` has begun a task."""
        callbacks: list[tuple[object, Context]] = cast("Any", task)._callbacks or []
        return any(getattr(it, "__code__", None) in TELLS_THREAD for it, _ in callbacks)

    def n_cancels(self, task: asyncio.Task[object]) -> int:
        """Return how often a cancellation is to be raised in a task, or was."""
        return task.cancelling()

    def ends_others(self, task: asyncio.Task[object]) -> bool:
        """Tell whether a task waits for the end of tasks that were cancelled before."""
        return any(it.cancelling() for it in tasks_awaited_by(task))

    @property
    def is_native(self) -> bool:
        """Whether tasks can be cancelled natively: not if they are eager, now or from now on."""
        return not _is_eager(self._loop.get_task_factory())

    def loses_if_cancelled(self, task: asyncio.Task[object]) -> bool:
        """Tell whether a task has a server or a process made, which nobody would be given."""
        codes = [frame.f_code for frame in frames_of(task.get_coro())]
        return any(pair in LOSES for pair in itertools.pairwise(codes))

    def others_lose_if_cancelled(self, task: asyncio.Task[object]) -> bool:
        """Tell whether other tasks have one made, as a scope cancels them at their next await."""
        makers = {caller for caller, _ in LOSES}
        others = all_tasks(self._loop) - {task}
        return any(it.f_code in makers for other in others for it in frames_of(other.get_coro()))

    def coroutine_of(self, task: asyncio.Task[object]) -> object:
        """Return the coroutine that a task runs."""
        return task.get_coro()

    def current_task(self) -> asyncio.Task[object]:
        """Return the task that runs."""
        return cast("asyncio.Task[object]", current_task())

    def name_of(self, task: asyncio.Task[object]) -> str:
        """Return the name of a task."""
        return name_of(task)

    def here(self, task: asyncio.Task[object]) -> Here:
        """Return a task as its event loop knows it."""
        return here(task)

    def start_of(self, task: asyncio.Task[object]) -> FrameType | None:
        """Return the frame of `start` in which another task waits until this one has started."""
        return start_of(task)

    @property
    def look(self) -> Look:
        """Tells what tasks wait for in asyncio's own code."""
        return look


def queue_here() -> deque[asyncio.Handle]:
    """Return the queue of the running event loop; an empty one if it keeps its own to itself."""
    return cast("deque[asyncio.Handle]", getattr(get_running_loop(), "_ready", deque()))


def _is_eager(factory: object) -> bool:
    """Tell whether a task factory is one of `asyncio.create_eager_task_factory`, of Python 3.12."""
    eager = getattr(asyncio, "eager_task_factory", None)
    return isinstance(eager, FunctionType) and getattr(factory, "__code__", None) is eager.__code__


def _is_shielded(task: asyncio.Task[object]) -> bool:
    """Tell whether a task is in a shielded scope that it has entered itself."""
    own = itertools.takewhile(lambda scope: scope._host_task is task, scopes_of(task))
    return any(scope.shield for scope in own)


def task_of(step: Any) -> asyncio.Task[Any] | None:
    """Return the task that takes a step; `None` for any other callback."""
    callback = step._callback
    task = getattr(callback, "__self__", None)
    if not isinstance(task, asyncio.Task):
        return None
    is_step = type(callback).__name__ in STEPS or getattr(callback, "__name__", None) in STEPS
    return task if is_step else None


def is_woken_by_cancellation(step: Any) -> bool:
    """Tell whether what a task waited for was cancelled."""
    waited_for = step._args[0] if step._args else None
    return isinstance(waited_for, asyncio.Future) and waited_for.cancelled()


def is_a_scope_that_cancels(step: Any) -> bool:
    """Tell whether a callback is a scope of anyio's that cancels its tasks again."""
    function = getattr(step._callback, "__func__", None)
    return function is anyio_asyncio.CancelScope._deliver_cancellation
