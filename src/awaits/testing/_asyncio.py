"""asyncio's side of virtual time; the one place that uses private names of asyncio.

Read in CPython 3.11.7, 3.12.1 and 3.13.0, and in anyio 4.16.0; tests/testing/test_private_names.py
tells in plain words when one has moved:

- `BaseEventLoop._run_once`, the turns of the loop, is replaced: it is where time moves. asyncio's
  own compares timers in Python, and takes those for due that are closer than the resolution of the
  real clock, so that virtual time would not be exact.
- `BaseEventLoop._ready`, the queue of what can run; `_stopping`, whether `stop` was called.
- `BaseEventLoop._timer_handle_cancelled`, to throw cancelled timers away before they are due.
- `BaseSelectorEventLoop._signal_handlers`: who waits for a signal is not deadlocked.
- `Task._fut_waiter`, as anyio does, to see whether a task is blocked.
- What `asyncio.run_coroutine_threadsafe` has the loop call closes over the future that it returns.
- `anyio._backends._asyncio.AsyncIOBackend`: see `_teach_anyio`; `WorkerThread.run`, where a worker
  has no work.
"""

# pyright: reportPrivateUsage=false

import asyncio
import functools
import heapq
import itertools
import math
import selectors
import threading
import unittest
from collections import deque
from collections.abc import Awaitable, Callable, Generator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import Context
from types import CodeType, FunctionType
from typing import Any, TypeVar, TypeVarTuple, cast

from anyio import CapacityLimiter
from anyio._backends._asyncio import AsyncIOBackend, WorkerThread

from awaits.testing.clock import VirtualClock
from awaits.testing.deadlock import deadlock
from awaits.testing.play import Play
from awaits.testing.threads import POOLS, SECONDS_UNTIL_LOOKED_AGAIN, Threads

# What `asyncio.run_coroutine_threadsafe` has the event loop call.
_STARTS_COROUTINE = {
    it for it in asyncio.run_coroutine_threadsafe.__code__.co_consts if isinstance(it, CodeType)
}

# What asyncio calls the steps of tasks: the first, from 3.11 on the later ones, and in Python.
_STEPS = {"TaskStepMethWrapper", "task_wakeup", "__step", "__wakeup"}

POOLS.add((WorkerThread.__module__, "run"))

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class VirtualEventLoop(asyncio.SelectorEventLoop):
    """An event loop that moves its clock to the next deadline instead of waiting for it."""

    _ready: deque[asyncio.Handle]
    _process_events: Callable[[list[tuple[selectors.SelectorKey, int]]], None]
    _stopping: bool
    _selector: selectors.BaseSelector
    _signal_handlers: dict[int, asyncio.Handle]

    def __init__(self, clock: VirtualClock) -> None:
        _teach_anyio()
        self.clock: VirtualClock = clock
        self.threads: Threads = Threads(self, lambda: _worker.loop, self.call_soon_threadsafe)
        self.waiting_for_idle: list[asyncio.Future[None]] = []
        self._outermost: asyncio.Task[Any] | None = None  # which the event loop runs for
        self._main: asyncio.Task[Any] | None = None  # which is told of a deadlock
        self._error: Exception | None = None
        self.timers: list[tuple[float, int, asyncio.TimerHandle]] = []  # a heap
        self._number = itertools.count()
        self._n_cancelled = 0
        super().__init__()
        self._sockets = self._selector.get_map()  # one is the loop's own, for other threads
        try:
            clock.start(self)
        except ValueError:
            self.close()
            raise

    def time(self) -> float:
        """Return the virtual time, in seconds."""
        return self.clock.now

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call a function at a virtual time."""
        if self.is_closed():
            raise RuntimeError("Event loop is closed")
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self.timers, (when, next(self._number), timer))
        return timer

    def _timer_handle_cancelled(self, _handle: asyncio.TimerHandle) -> None:
        # As asyncio does: timeouts that were not needed must not pile up.
        self._n_cancelled += 1
        if self._n_cancelled > 100 and self._n_cancelled > len(self.timers) // 2:
            self.timers[:] = [timer for timer in self.timers if not timer[2].cancelled()]
            heapq.heapify(self.timers)
            self._n_cancelled = 0

    def _run_once(self) -> None:
        """Turn until `stop`: run what can run, or make something run, by moving time if need be."""
        clock, timers = self.clock, self.timers
        sockets, signal_handlers = self._sockets, self._signal_handlers
        while not self._stopping:
            if timers and timers[0][0] <= clock.now:
                self._queue_what_is_due()
            # Without sockets and signal handlers there is nothing to ask the system for: what
            # other threads want is in the queue already.
            if len(sockets) > 1 or signal_handlers:
                self._process_events(self._selector.select(0))
            if not self._ready:
                self._nothing_can_run()
            for _ in range(len(self._ready)):  # what becomes ready now is for the next turn
                handle = self._ready.popleft()  # a schedule may have put its own there
                if not handle._cancelled:
                    handle._run()

    def _queue_what_is_due(self) -> None:
        timers, now = self.timers, self.clock.now
        while timers and timers[0][0] <= now:
            timer = heapq.heappop(timers)[2]
            if not timer._cancelled:
                self._ready.append(timer)

    def close(self) -> None:
        """Close the event loop, and give the wall clock back."""
        if self.clock.loop is self:
            self.clock.stop()
        super().close()

    def _nothing_can_run(self) -> None:
        try:
            wait = self._make_something_run()
        except Exception as error:
            if self._main is None:  # the loop runs for nobody
                raise
            wait = self._throw(self._main, error)
        if wait != 0:
            self._process_events(self._selector.select(wait))

    def _make_something_run(self) -> float | None:
        """Make something run, if possible; return how long to wait for the world outside."""
        if self.waiting_for_idle or self.threads.n_out > self.threads.n_waiting:
            return self._wake_the_idle()
        if self.clock.idle and (events := self._selector.select(self.clock.idle)):
            self._process_events(events)
            return 0
        timers = self.timers
        while timers and timers[0][2].cancelled():
            heapq.heappop(timers)
        if self.clock.move(timers[0][0] if timers else math.inf):
            self._queue_what_is_due()
            return 0
        if self._release():
            return 0
        main = self._main
        if len(self._sockets) > 1 or self._signal_handlers or main is None:
            return None
        if self.threads.may_come_back():
            return SECONDS_UNTIL_LOOKED_AGAIN
        if self._ready:  # one came while we looked
            return 0
        others = asyncio.all_tasks(self) - {main, self._outermost}
        named = ((task.get_name(), task.get_coro()) for task in others)
        return self._throw(main, deadlock(main.get_coro(), named, self.time()))

    def _wake_the_idle(self) -> float | None:
        """Wake who waits for all tasks to be blocked; else wait for the threads that are out."""
        if self._release():
            return 0
        if not self.waiting_for_idle:
            return None
        for waiter in self.waiting_for_idle:
            if not waiter.done():
                waiter.set_result(None)
        self.waiting_for_idle.clear()
        return 0

    def _release(self) -> bool:
        """Have a schedule, if there is one, hold a task no longer; return whether it did."""
        ready: object = self._ready
        return isinstance(ready, ReadyPlay) and ready.release()

    def _throw(self, task: asyncio.Task[Any], error: Exception) -> float:
        """Cancel a task; where it ends, the error takes the cancellation's place."""
        self._error = self.threads.error = error
        task.cancel()
        return 0

    def restart(self) -> bool:
        """Begin again at 0.0, unless a deadline is pending; return whether it was done."""
        self.threads.begin()
        return all(timer.cancelled() for _, _, timer in self.timers)

    @contextmanager
    def main_task(self) -> Generator[None]:
        """Have a deadlock raise `DeadlockError` in the block, which runs in the current task."""
        __tracebackhide__ = True
        before, self._main = self._main, asyncio.current_task(self)
        try:
            yield
        except asyncio.CancelledError:
            self._raise_error()
            raise
        finally:
            self._main = before

    def _raise_error(self) -> None:
        __tracebackhide__ = True
        error, self._error = self._error, None
        if error is not None:
            raise error from None

    def run_until_complete(self, future: Generator[Any, None, T] | Awaitable[T]) -> T:
        """Run until the future is done; raise `DeadlockError` if it never can be."""
        task = self._task_of(cast("Awaitable[T]", future))
        self._outermost = self._main = task
        try:
            return super().run_until_complete(task)
        except asyncio.CancelledError:
            self._raise_error()
            raise
        finally:
            self._outermost = self._main = None

    def _task_of(self, future: Awaitable[T]) -> asyncio.Task[T]:
        if isinstance(future, asyncio.Task):
            return future

        async def wait() -> T:
            return await future

        return self.create_task(future if asyncio.iscoroutine(future) else wait())

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run a function in a thread; time stands still until it is back."""
        if executor is None or isinstance(executor, ThreadPoolExecutor):  # others may pickle it
            future = super().run_in_executor(executor, _work, self, func, *args)
        else:
            future = super().run_in_executor(executor, func, *args)
        self.threads.n_out += 1
        future.add_done_callback(self._thread_is_back)
        return future

    def _thread_is_back(self, _future: asyncio.Future[Any]) -> None:
        self.threads.n_out -= 1

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """Call a function from another thread, which may wait for what the function does."""
        if isinstance(callback, FunctionType) and callback.__code__ in _STARTS_COROUTINE:
            cells = zip(callback.__code__.co_freevars, callback.__closure__ or (), strict=True)
            self.threads.may_wait_for(dict(cells)["future"].cell_contents)
        return super().call_soon_threadsafe(callback, *args, context=context)

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109 asyncio's signature
        """Wait for the threads to end, in real time: a timeout in virtual time would be over."""
        self.threads.n_out += 1
        try:
            await super().shutdown_default_executor()
        finally:
            self.threads.n_out -= 1


class _Worker(threading.local):
    loop: VirtualEventLoop | None = None  # that it works for


_worker = _Worker()


def _work(loop: VirtualEventLoop, func: Callable[[*Ts], T], *args: *Ts) -> T:
    _worker.loop = loop
    try:
        return func(*args)
    finally:
        _worker.loop = None


class _CountingLimiter:
    """A limiter of anyio's that has the event loop know which of its worker threads are out."""

    def __init__(self, limiter: CapacityLimiter, loop: VirtualEventLoop) -> None:
        self._limiter = limiter
        self._loop = loop

    async def __aenter__(self) -> None:
        await self._limiter.acquire()
        self._loop.threads.n_out += 1

    async def __aexit__(self, *_error: object) -> None:
        self._loop.threads.n_out -= 1
        self._limiter.release()


class ReadyPlay(Play[asyncio.Handle, asyncio.Task[Any]]):
    """The queue of an asyncio event loop, steered by a schedule."""

    def __init__(self, holds: Mapping[tuple[int, int], int], cancel: int | None) -> None:
        loop = asyncio.get_running_loop()
        if not isinstance(loop, asyncio.BaseEventLoop):
            raise unittest.SkipTest(
                f"A schedule cannot steer {type(loop).__module__}, which keeps its queue to "
                "itself; choose asyncio or trio."
            )
        super().__init__(vars(loop)["_ready"], holds, cancel)
        self._loop = cast("Any", loop)
        self._loop._ready = self
        # A virtual loop holds steps back while time moves; a real one would wait meanwhile.
        self._is_virtual = isinstance(self._loop, VirtualEventLoop)
        self._has_looked = False  # whether the loop has looked for what can run, since `popleft`
        self._nothing = asyncio.Handle(print, (), self._loop)
        self._nothing.cancel()

    def close(self) -> None:
        """Give the event loop its own queue back."""
        self._loop._ready = self.rest()

    def __len__(self) -> int:
        self._has_looked = True  # each turn begins by asking how much there is to do
        return super().__len__() + (0 if self._is_virtual else self.n_held)

    def popleft(self) -> asyncio.Handle:
        """Return what runs next; what does nothing, if all the rest is held back."""
        has_looked, self._has_looked = self._has_looked, False
        if has_looked:
            self.turn_begins()
        step = self.take()
        if step is None and has_looked and not self._is_virtual:
            self.release()
            step = self.take()
        return self._nothing if step is None else step

    # What a handle is for asyncio alone, its types do not tell.

    def task_of(self, step: Any) -> asyncio.Task[Any] | None:
        """Return the task that takes a step; `None` for any other callback."""
        callback = step._callback
        task = getattr(callback, "__self__", None)
        if not isinstance(task, asyncio.Task):
            return None
        name = getattr(callback, "__name__", None) or type(callback).__name__
        return task if name in _STEPS else None

    def is_cancelled(self, step: Any) -> bool:
        """Tell whether what a task waited for was cancelled."""
        waited_for = step._args[0] if step._args else None
        return isinstance(waited_for, asyncio.Future) and waited_for.cancelled()

    def context_of(self, step: Any) -> Context:
        """Return the context variables of a step."""
        return cast("Context", step._context)

    def coroutine_of(self, task: asyncio.Task[Any]) -> object:
        """Return what a task runs."""
        return task.get_coro()

    def current_task(self) -> asyncio.Task[Any]:
        """Return the task that runs."""
        return cast("asyncio.Task[Any]", asyncio.current_task())

    def name_of(self, task: asyncio.Task[Any]) -> str:
        """Return the name of a task."""
        return task.get_name()

    def time(self) -> float | None:
        """Return the virtual time, in seconds; `None` in real time."""
        return self._loop.clock.now if self._is_virtual else None


@functools.cache
def _teach_anyio() -> None:
    """Teach anyio's asyncio backend two things, on virtual event loops alone.

    `wait_all_tasks_blocked` polls with sleeps of 0.1 seconds, which would move virtual time, where
    trio's waits for the event loop to be idle. Its worker threads are its own, not an executor's,
    so that the event loop does not know when one is out.
    """

    async def wait_all_tasks_blocked(cls: type[AsyncIOBackend]) -> None:
        loop = asyncio.get_running_loop()
        if isinstance(loop, VirtualEventLoop):
            await cls.checkpoint()
            waiter = loop.create_future()
            loop.waiting_for_idle.append(waiter)
            await waiter
        else:
            await originals["wait_all_tasks_blocked"](cls)

    async def run_sync_in_worker_thread(
        cls: type[AsyncIOBackend],
        func: Callable[..., object],
        args: tuple[object, ...],
        abandon_on_cancel: bool = False,
        limiter: CapacityLimiter | None = None,
    ) -> object:
        loop = asyncio.get_running_loop()
        counting: CapacityLimiter | _CountingLimiter | None = limiter
        if isinstance(loop, VirtualEventLoop):
            counting = _CountingLimiter(limiter or cls.current_default_thread_limiter(), loop)
            func, args = _work, (loop, func, *args)
        original = originals["run_sync_in_worker_thread"]
        return await original(cls, func, args, abandon_on_cancel, counting)

    originals: dict[str, Callable[..., Any]] = {}
    lessons = [wait_all_tasks_blocked, run_sync_in_worker_thread]
    for taught in cast("list[Callable[..., object]]", lessons):
        originals[taught.__name__] = vars(AsyncIOBackend)[taught.__name__].__func__
        setattr(AsyncIOBackend, taught.__name__, classmethod(taught))
