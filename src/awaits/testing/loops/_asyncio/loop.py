"""asyncio's event loop in virtual time.

Private names, read in CPython 3.11.7, 3.12.1 and 3.13.0:

- `BaseEventLoop._run_once`, the turns of the loop, is replaced, because time moves there. asyncio's
  own compares timers in Python. It also runs timers early, by up to the resolution of the real
  clock, so that virtual time would not be exact.
- `BaseEventLoop._ready`, the queue of what can run; `_stopping`, whether `stop` was called;
  `_closed`, and `_check_closed`; `_debug`, with which calls are checked, by `_check_callback` and
  `_check_thread`.
- `BaseEventLoop._timer_handle_cancelled`, to throw cancelled timers away before they are due.
- `BaseSelectorEventLoop._signal_handlers`: a task that waits for a signal is not deadlocked.
- `BaseSelectorEventLoop._write_to_self`, to wake the loop from a signal handler.
- `BaseSelectorEventLoop._sock_accept`, which gives a client to a task that is cancelled already.
- The callback of `asyncio.run_coroutine_threadsafe` closes over the future that it returns.
"""

# pyright: reportPrivateUsage=false

import asyncio
import heapq
import itertools
import math
import selectors
import socket
import sys
from asyncio import all_tasks, current_task
from collections import deque
from collections.abc import Awaitable, Callable, Generator, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from contextvars import Context
from types import CodeType, FunctionType
from typing import Any, TypeVar, TypeVarTuple, cast

from awaits.testing.loops._asyncio.cancellable import cancel, raise_in
from awaits.testing.loops._asyncio.closing import closing_in_time
from awaits.testing.loops._asyncio.interrupts import Interrupts
from awaits.testing.loops._asyncio.order import (
    ReadyPlay,
    is_a_scope_that_cancels,
    is_woken_by_cancellation,
    task_of,
)
from awaits.testing.loops._asyncio.selector import CountingSelector
from awaits.testing.loops._asyncio.thread_safe import NOT_WOKEN, ThreadSafeHandle, taken
from awaits.testing.loops._asyncio.waits import here, look, name_of
from awaits.testing.loops._asyncio.workers import (
    awaited_here,
    is_of_threads,
    loop_of_this_worker,
    work,
)
from awaits.testing.loops.alone import ALIVE
from awaits.testing.loops.fence import check_names
from awaits.testing.loops.idle import end_what_runs_for_ever, make_something_run
from awaits.testing.loops.threads import Threads
from awaits.testing.loops.thrown import MOST_THROWN, Thrown
from awaits.testing.loops.timekeeper import ANOTHER_CLOCK, Timekeeper
from awaits.testing.loops.waits import Here, Look

# A cancelled scope of anyio's cancels its tasks again at each turn, until they have ended. After so
# many turns at one instant, the loop checks whether it does anything else.
TURNS_OF_CANCELLATION = 1_000
# If it did nothing else in so many turns in a row, time can move on. If time has moved so often,
# the tasks swallow each cancellation.
QUIET_TURNS = 10
MOVES_OF_CANCELLATION = 1_000

# The code of what `asyncio.run_coroutine_threadsafe` makes the event loop call.
STARTS_COROUTINE = {
    it for it in asyncio.run_coroutine_threadsafe.__code__.co_consts if isinstance(it, CodeType)
}

check_names(
    "Python",
    {
        asyncio.SelectorEventLoop: [
            "_check_callback",
            "_check_closed",
            "_check_thread",
            "_process_events",
            "_run_once",
            "_selector",
            "_signal_handlers",
            "_sock_accept",
            "_stopping",
            "_timer_handle_cancelled",
            "_write_to_self",
        ],
        asyncio.Handle: ["_cancelled", "_run"],
    },
)
if not any("future" in it.co_freevars for it in STARTS_COROUTINE):
    raise ImportError("asyncio.run_coroutine_threadsafe has no inner future", name="asyncio")

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class VirtualEventLoop(asyncio.SelectorEventLoop):
    """An event loop that moves its clock to the next deadline instead of waiting for it."""

    # With those of asyncio's, they would be more than the 30 attributes that CPython is fast with.
    __slots__ = (
        "_interrupts",
        "_main",
        "_n_cancelled",
        "_n_cancels",
        "_n_moves",
        "_n_quiet",
        "_number",
        "_outermost",
        "_thrown",
        "_unnoticed",
        "_watched",
        "closes_at",
        "sent",
        "threads",
        "timekeeper",
        "timers",
        "waiting_for_idle",
    )

    _ready: deque[asyncio.Handle]
    _process_events: Callable[[list[tuple[selectors.SelectorKey, int]]], None]
    _check_callback: Callable[[object, str], None]
    _check_closed: Callable[[], None]
    _check_thread: Callable[[], None]
    _closed: bool
    _debug: bool
    _stopping: bool
    _selector: selectors.BaseSelector
    _signal_handlers: dict[int, asyncio.Handle]
    _write_to_self: Callable[[], None]

    def __init__(self, timekeeper: Timekeeper) -> None:
        self.timekeeper: Timekeeper = timekeeper
        self.threads: Threads = Threads(
            self, loop_of_this_worker, self.call_soon_threadsafe, awaited_here
        )
        self.waiting_for_idle: list[asyncio.Future[None]] = []
        self.sent: set[object] = set()  # anyio's work for its workers that has not begun
        self.closes_at: float = math.inf  # when it stops, if it waits for its last tasks
        self._outermost: asyncio.Task[object] | None = None  # the one that the loop runs for
        self._main: asyncio.Task[object] | None = None  # in which a deadlock is raised
        self._thrown = Thrown()
        self._n_cancels = 0  # how often an error has cancelled the main task
        self.timers: list[tuple[float, int, asyncio.TimerHandle]] = []  # a heap
        self._number = itertools.count()
        self._n_cancelled = 0
        self._n_quiet = 0  # turns, in a row, in which tasks were only cancelled
        self._n_moves = 0  # of time, in a row, after such turns
        self._unnoticed: list[asyncio.Handle] = []  # queued by threads that have not woken it
        self._interrupts = Interrupts(self._write_to_self)
        self._watched = CountingSelector()
        super().__init__(self._watched)
        try:
            timekeeper.start(self)
        except ValueError:
            self.close()
            raise

    def time(self) -> float:
        """Return the virtual time, in seconds."""
        return self.timekeeper.now

    def is_its_clock(self) -> bool:
        """Tell whether the event loop's own `time` shows virtual time."""
        return type(self).time is VirtualEventLoop.time

    def is_hidden(self) -> bool:
        """Tell whether something has replaced this event loop's `time`."""
        return getattr(self.time, "__func__", None) is not type(self).time

    def call_soon(
        self,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        """Call a function in the next turn, as asyncio does, but with one call instead of three."""
        if self._debug or self._closed:
            return super().call_soon(callback, *args, context=context)
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call a function at a virtual time."""
        if self._debug:
            self._check_thread()
        if self._closed:
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
        """Run turns until `stop`. If nothing can run, make something run: move time if needed."""
        clock, timers = self.timekeeper, self.timers
        watched, signal_handlers = self._watched, self._signal_handlers
        interrupts = self._interrupts
        most, clock.n_turns = clock.turns, 0
        while not self._stopping:
            if interrupts.pending:
                interrupts.check()
            if timers and timers[0][0] <= clock.now:
                self._queue_what_is_due()
            # Without sockets and signal handlers there is nothing to ask the system for: what
            # other threads want is in the queue already.
            if watched.n_watched > 1 or signal_handlers:  # one is the loop's own, for threads
                self._process_events(self._selector.select(0))
            n_ready = len(self._ready)
            if not n_ready:
                self._nothing_can_run()
                clock.n_turns = 0
                n_ready = len(self._ready)
            elif clock.n_turns < most:
                clock.n_turns += 1
            else:
                end_what_runs_for_ever(self, self._running())
                clock.n_turns = max(0, most - TURNS_OF_CANCELLATION)  # the error may be swallowed
            if clock.n_turns > TURNS_OF_CANCELLATION:
                self._turn_of_cancellation(n_ready)
                continue
            while n_ready:  # `range` is slow; what becomes ready now is for the next turn
                n_ready -= 1
                handle = self._ready.popleft()  # a schedule may have replaced the queue
                if not handle._cancelled:
                    handle._run()

    def _turn_of_cancellation(self, n_ready: int) -> None:
        """Run a turn; move time if nothing but cancellation happens, now and in the turns before.

        anyio cancels a scope's tasks again at each turn until they have ended, and their clean-up
        may need time.
        """
        cancels, is_busy = False, self.threads_are_out()
        for _ in range(n_ready):
            handle = self._ready.popleft()
            if handle._cancelled:
                continue
            if is_a_scope_that_cancels(handle):
                cancels = True
            # Where it is a task that was cancelled, who waits for its end goes on.
            elif not is_woken_by_cancellation(handle) or isinstance(handle._args[0], asyncio.Task):
                is_busy = True
            handle._run()
        if is_busy or not cancels:
            self._n_moves = self._n_quiet = 0
            return
        self._n_quiet += 1
        if self._n_quiet < QUIET_TURNS:
            return
        if self._n_moves >= MOVES_OF_CANCELLATION:
            end_what_runs_for_ever(self, self._running())
            return
        if self._waits_for_others():
            return
        play = self.current_play()
        latest = math.inf if play is None else play.latest()
        if self.timekeeper.move(self.next_deadline(), latest=latest):
            self._n_moves += 1
            self._n_quiet = 0
            self.timekeeper.n_turns = TURNS_OF_CANCELLATION

    def _waits_for_others(self) -> bool:
        """Wait for what holds time, as `make_something_run` does; return whether it still does."""
        seconds = self.threads.hold(self.watches_sockets)
        if seconds:
            self.timekeeper.stand_still()
        events = self._selector.select(seconds or self.timekeeper.idle)
        self._process_events(events)
        return bool(seconds or events)

    def _queue_what_is_due(self) -> None:
        timers, now = self.timers, self.timekeeper.now
        if now > self.closes_at:
            self.stop()
        while timers and timers[0][0] <= now:
            timer = heapq.heappop(timers)[2]
            if not timer._cancelled:
                self._ready.append(timer)

    def _sock_accept(self, future: asyncio.Future[Any], sock: socket.socket) -> None:
        """Accept a client, unless the task that waits for one is cancelled.

        asyncio looks at that wherever a socket reads or writes, and not here: a client that comes
        in the same turn would raise `InvalidStateError` in the event loop.
        """
        if not future.done():
            cast("Any", super())._sock_accept(future, sock)

    def close(self) -> None:
        """Close the event loop, and give the wall clock back."""
        super().close()
        self.timers.clear()
        if self.timekeeper.run is self:
            self.timekeeper.stop()

    def _nothing_can_run(self) -> None:
        alone = self.threads.alone
        try:
            # A short cut for the usual case, only timers and delayed steps: to call
            # `make_something_run` each time would be a tenth of what virtual time costs, see
            # benchmarks/clock.py.
            is_usual = not (
                (self.threads.n_out or self.waiting_for_idle or self.timekeeper.idle)
                or (self._watched.n_watched > 1 or self._signal_handlers)
                or (alone.has_callers or tuple(ALIVE.values()) != alone.alive)
            )
            play = None if type(self._ready) is deque else self.current_play()
            latest = math.inf if play is None else play.latest()
            if is_usual and self.timekeeper.move(self.next_deadline(), latest=latest):
                self._queue_what_is_due()
            elif not (is_usual and play is not None and play.release()):
                self._move_or_wait()
        except Exception as error:
            if self._main is None or error is self._thrown.error:  # nobody takes it
                raise
            self.throw(error)

    def _move_or_wait(self) -> None:
        """Make something run: move time, or wait until something comes from the world outside."""
        try:
            while wait := make_something_run(self):
                if self._is_woken(wait) or self._interrupts.pending:
                    break
        finally:
            if self._unnoticed:
                self._ready.extendleft(reversed(self._unnoticed))
                self._unnoticed.clear()
        if not wait:
            self._queue_what_is_due()

    def _is_woken(self, seconds: float) -> bool:
        """Wait up to so many real seconds for the world outside; tell if something came.

        As in asyncio, `call_soon` in another thread does not wake the event loop. A program that
        does so must not work in virtual time alone.
        """
        if len(self._ready):
            seconds = 0
        events = self._selector.select(None if seconds == math.inf else seconds)
        self._process_events(events)
        if events or not seconds:
            return True
        came, is_woken = taken(self._ready)
        self._unnoticed += came
        return is_woken

    # What `contract.EventLoop` asks for.

    def current_play(self) -> ReadyPlay | None:
        """Return what steers the order of the tasks; `None` if nothing does."""
        ready: object = self._ready
        return ready if isinstance(ready, ReadyPlay) else None

    def threads_are_out(self) -> bool:
        """Tell whether a worker thread is at work and does not wait for the event loop."""
        return bool(self.threads.n_out) and self.threads.n_out > self.threads.n_waiting()

    def waits_until_idle(self) -> bool:
        """Tell whether a task waits for all others to be blocked."""
        return bool(self.waiting_for_idle)

    def wake_who_waits_until_idle(self) -> bool:
        """Wake the tasks that wait until idle; return whether this has done it."""
        if not self.waiting_for_idle:
            return False
        while self.sent:  # a waiter may cancel it, and then it would never begin
            self.poll(0.001)
        for waiter in self.waiting_for_idle:
            if not waiter.done():
                waiter.set_result(None)
        self.waiting_for_idle.clear()
        return True

    def poll(self, seconds: float) -> bool:
        """Wait up to so many real seconds for sockets and other threads; tell if something came."""
        if seconds:
            return self._is_woken(seconds)
        # What other threads want is in the queue already. The system has to be asked only about
        # sockets and signals.
        if self.waits_for_the_world_outside():
            self._process_events(self._selector.select(0))
        return bool(self._ready)

    def next_deadline(self) -> float:
        """Return the next deadline, in virtual time; infinite if there is none."""
        timers = self.timers
        while timers and timers[0][2].cancelled():
            heapq.heappop(timers)
        return timers[0][0] if timers else math.inf

    def watches_sockets(self) -> bool:
        """Tell whether a task waits for a socket, a pipe or the like."""
        return self._watched.n_watched > 1  # one is the loop's own, for threads

    def waits_for_the_world_outside(self) -> bool:
        """Tell whether a task waits for a socket or a signal."""
        return self.watches_sockets() or bool(self._signal_handlers)

    def main_coroutine(self) -> object:
        """Return the coroutine of the main task; `None` if there is no main task."""
        return None if self._main is None else self._main.get_coro()

    def tasks(self) -> Iterator[Here]:
        """Return all tasks, except the one that pytest's plugins run beside the main task."""
        tasks = all_tasks(self) - ({self._outermost} - {self._main})
        return (here(task, is_main=task is self._main) for task in tasks)

    @property
    def look(self) -> Look:
        """Tells what tasks wait for in asyncio's own code."""
        return look

    def _running(self) -> Iterator[tuple[str, object]]:
        """Return the name and the coroutine of each task that can run."""
        ready = deque(self._ready)  # a copy: other threads may append meanwhile
        tasks = {task_of(handle): None for handle in ready if not handle.cancelled()}
        return ((name_of(task), task.get_coro()) for task in tasks if task is not None)

    def throw(self, error: Exception, *, is_last: bool = False) -> float:
        """Cancel the main task; where it ends, the error is raised in place of the cancellation."""
        self._thrown.error = self.threads.error = error
        if self.is_hidden():
            error.add_note(ANOTHER_CLOCK)
        if self._unnoticed:
            error.add_note(NOT_WOKEN)
        n_thrown = self._thrown.count(self.timekeeper.now)
        if self._main is not None and n_thrown > 1:  # it has swallowed its cancellation
            raise_in(self._main, error)
        elif self._main is not None:
            cancel(self._main)
            self._n_cancels += 1
        play = self.current_play()
        is_taken = self._main is not None and (self._ready or (play and play.release()))
        if is_last or n_thrown > MOST_THROWN or not is_taken:
            raise error
        return 0

    def restart(self) -> bool:
        """Begin again at 0.0, unless a deadline is pending; return whether it was done."""
        self.threads.begin()
        return all(timer.cancelled() for _, _, timer in self.timers)

    @contextmanager
    def main_task(self) -> Generator[None]:
        """Raise a deadlock as `DeadlockError` in the block, which runs in the current task."""
        __tracebackhide__ = True
        task = cast("asyncio.Task[object]", current_task(self))
        before, self._main = self._main, task
        try:
            self._n_cancels = 0
            with self._thrown.raised():
                yield
        finally:
            self._main = before
            # An error, if any, has been raised: the task must not count as cancelled.
            for _ in range(self._n_cancels):
                task.uncancel()

    def run_forever(self) -> None:
        """Run until `stop`; Ctrl-C ends it between two turns."""
        with self._interrupts.kept():
            super().run_forever()

    def run_until_complete(self, future: Generator[object, None, T] | Awaitable[T]) -> T:
        """Run until the future is done; raise `DeadlockError` if it never can be."""
        if self.is_running():  # asyncio refuses; the future must not have begun by then
            return super().run_until_complete(cast("Awaitable[T]", future))
        task = self._task_of(cast("Awaitable[T]", future))
        self._outermost = self._main = task
        try:
            with self._thrown.raised(), closing_in_time(self, sys._getframe(1)):
                return super().run_until_complete(task)
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
        if executor is None or is_of_threads(executor):  # others may pickle it
            awaited: list[object] = [object()]
            future = super().run_in_executor(executor, work, self, awaited, func, *args)
            future.add_done_callback(lambda _: awaited.clear())
        else:
            future = super().run_in_executor(executor, func, *args)
        self.threads.n_out += 1
        future.add_done_callback(self.thread_is_back)
        return future

    def thread_is_back(self, _future: asyncio.Future[Any] | None = None) -> None:
        """Let time move again. Count turns anew: a task that polls for the thread must see it."""
        self.threads.n_out -= 1
        self.timekeeper.n_turns = 0

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """Call a function from another thread; that thread may wait for what the function does."""
        if isinstance(callback, FunctionType) and callback.__code__ in STARTS_COROUTINE:
            cells = zip(callback.__code__.co_freevars, callback.__closure__ or (), strict=True)
            self.threads.may_wait_for(dict(cells)["future"].cell_contents)
        self.threads.alone.is_called()
        self._check_closed()
        if self._debug:
            self._check_callback(callback, "call_soon_threadsafe")
        handle = ThreadSafeHandle(callback, args, self, context)
        self._ready.append(handle)
        self._write_to_self()
        return handle

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109 asyncio's signature
        """Wait for the threads to end, in real time: a virtual timeout would end at once."""
        self.threads.n_out += 1
        try:
            await super().shutdown_default_executor()
        finally:
            self.thread_is_back()
