"""asyncio's side of virtual time; the one place that uses private names of asyncio.

Read in CPython 3.11.7, 3.12.1 and 3.13.0, and in anyio 4.16.0; tests/testing/test_private_names.py
tells in plain words when one has moved:

- `BaseEventLoop._scheduled`, the heap of timers, for the next deadline as it was set: the timeout
  that the selector is given is a difference, and adding it up again is not exact.
- `BaseEventLoop._clock_resolution`: timers this close are due. The fixed one is smaller than the
  distance of two floats after some months, where a timer would never come due.
- `BaseSelectorEventLoop._signal_handlers`: who waits for a signal is not deadlocked.
- `Task._fut_waiter`, as anyio does, to see whether a task is blocked.
- `anyio._backends._asyncio.AsyncIOBackend`: see `_teach_anyio`.
"""

# pyright: reportPrivateUsage=false

import asyncio
import functools
import math
import selectors
import threading
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any, TypeVar, TypeVarTuple, cast

from anyio import CapacityLimiter
from anyio._backends._asyncio import AsyncIOBackend

from awaits.testing.clock import VirtualClock, deadlock

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class VirtualEventLoop(asyncio.SelectorEventLoop):
    """An event loop that moves its clock to the next deadline instead of waiting for it."""

    _clock_resolution: float
    _scheduled: list[asyncio.TimerHandle]
    _selector: selectors.BaseSelector
    _signal_handlers: dict[int, asyncio.Handle]

    def __init__(self, clock: VirtualClock) -> None:
        _teach_anyio()
        self.clock = clock
        self.threads_out = 0
        self.waiting_for_idle: list[asyncio.Future[None]] = []
        self._outermost: asyncio.Task[Any] | None = None  # which the event loop runs for
        self._main: asyncio.Task[Any] | None = None  # which is told of a deadlock
        self._error: Exception | None = None
        super().__init__(_Selector(self))
        self._clock_resolution = math.ulp(0.0)
        try:
            clock.start(self)
        except ValueError:
            self.close()
            raise

    def time(self) -> float:
        """Return the virtual time, in seconds."""
        return self.clock.now

    def close(self) -> None:
        """Close the event loop, and give the wall clock back."""
        if self.clock.loop is self:
            self.clock.stop()
        super().close()

    def nothing_can_run(self) -> float | None:
        """Make something run, if possible; return how long to wait for the world outside."""
        try:
            return self._make_something_run()
        except Exception as error:
            if self._main is None:  # the loop runs for nobody
                raise
            return self._throw(self._main, error)

    def _make_something_run(self) -> float | None:
        if self.waiting_for_idle:
            for waiter in self.waiting_for_idle:
                if not waiter.done():
                    waiter.set_result(None)
            self.waiting_for_idle.clear()
            return 0
        if self.threads_out:
            return None
        next_timer = self._scheduled[0].when() if self._scheduled else math.inf
        if self.clock.move(next_timer):
            self._clock_resolution = math.ulp(self.clock.now)
            return 0
        if self._waits_for_the_world_outside() or self._main is None:
            return None
        others = asyncio.all_tasks(self) - {self._main, self._outermost}
        named = ((task.get_name(), task.get_coro()) for task in others)
        return self._throw(self._main, deadlock(self._main.get_coro(), named, self.time()))

    def _throw(self, task: asyncio.Task[Any], error: Exception) -> float:
        """Cancel a task; where it ends, the error takes the cancellation's place."""
        self._error = error
        task.cancel()
        return 0

    def _waits_for_the_world_outside(self) -> bool:
        return (
            len(self._selector.get_map()) > 1  # one is the loop's own, for other threads
            or bool(self._signal_handlers)
            or any("waitpid-" in thread.name for thread in threading.enumerate())  # a child process
        )

    def restart(self) -> bool:
        """Begin again at 0.0, unless a deadline is pending; return whether it was done."""
        if any(not timer.cancelled() for timer in self._scheduled):
            return False
        self._clock_resolution = math.ulp(0.0)
        return True

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
        task = asyncio.ensure_future(cast("Awaitable[T]", future), loop=self)
        self._outermost = self._main = task
        try:
            return super().run_until_complete(task)
        except asyncio.CancelledError:
            self._raise_error()
            raise
        finally:
            self._outermost = self._main = None

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run a function in a thread; time stands still until it is back."""
        future = super().run_in_executor(executor, func, *args)
        self.threads_out += 1
        future.add_done_callback(self._thread_is_back)
        return future

    def _thread_is_back(self, _future: asyncio.Future[Any]) -> None:
        self.threads_out -= 1

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109 asyncio's signature
        """Wait for the threads to end, in real time: a timeout in virtual time would be over."""
        self.threads_out += 1
        try:
            await super().shutdown_default_executor()
        finally:
            self.threads_out -= 1


class _Selector(selectors.DefaultSelector):
    """The door: what asyncio asks how long to wait, when there is nothing to run."""

    _fd_to_key: dict[int, selectors.SelectorKey]

    def __init__(self, loop: VirtualEventLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        loop = self._loop
        # Without sockets and signal handlers there is nothing to ask the system for: what other
        # threads want is in the loop's own queue already.
        if len(self._fd_to_key) > 1 or loop._signal_handlers:
            events = super().select(0)
            if events:
                return events
        if timeout is not None and timeout <= 0:
            return []
        if loop.clock.idle and not loop.waiting_for_idle and not loop.threads_out:
            events = super().select(loop.clock.idle)
            if events:
                return events
        wait = loop.nothing_can_run()
        return [] if wait == 0 else super().select(wait)


class _CountingLimiter:
    """A limiter of anyio's that has the event loop know which of its worker threads are out."""

    def __init__(self, limiter: CapacityLimiter, loop: VirtualEventLoop) -> None:
        self._limiter = limiter
        self._loop = loop

    async def __aenter__(self) -> None:
        await self._limiter.acquire()
        self._loop.threads_out += 1

    async def __aexit__(self, *_error: object) -> None:
        self._loop.threads_out -= 1
        self._limiter.release()


@functools.cache
def _teach_anyio() -> None:
    """Teach anyio's asyncio backend three things, on virtual event loops alone.

    `wait_all_tasks_blocked` polls with sleeps of 0.1 seconds, which would move virtual time, where
    trio's waits for the event loop to be idle. Its worker threads are its own, not an executor's,
    so that the event loop does not know when one is out. And a thread that waits for the event loop
    is not out.
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
        original = originals["run_sync_in_worker_thread"]
        return await original(cls, func, args, abandon_on_cancel, counting)

    def run_async_from_thread(
        cls: type[AsyncIOBackend],
        func: Callable[..., Awaitable[object]],
        args: tuple[object, ...],
        token: object,
    ) -> object:
        async def in_the_loop(*args: object) -> object:
            loop = asyncio.get_running_loop()
            if not isinstance(loop, VirtualEventLoop):
                return await func(*args)
            loop.threads_out -= 1
            try:
                return await func(*args)
            finally:
                loop.threads_out += 1

        return originals["run_async_from_thread"](cls, in_the_loop, args, token)

    originals: dict[str, Callable[..., Any]] = {}
    lessons = [wait_all_tasks_blocked, run_sync_in_worker_thread, run_async_from_thread]
    for taught in cast("list[Callable[..., object]]", lessons):
        originals[taught.__name__] = vars(AsyncIOBackend)[taught.__name__].__func__
        setattr(AsyncIOBackend, taught.__name__, classmethod(taught))
