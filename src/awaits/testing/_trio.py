"""trio's side of virtual time; the one place that uses private names of trio.

Read in trio 0.32.0 and 0.35.0, and in anyio 4.16.0; tests/testing/test_private_names.py tells in
plain words when one has moved:

- `GLOBAL_RUN_CONTEXT.runner`, the scheduler, for who waits. trio jumps by itself with its own
  `MockClock` alone (python-trio/trio#3369), and that one knows neither threads nor deadlocks.
- `Runner.waiting_for_idle`: those who wait for the event loop to be idle come before a move.
- `Runner.io_manager`'s `_epoll` or `_kqueue`: whether sockets have something, without taking it.
- `Runner.main_task`, `Runner.init_task`, `Task._attempt_abort`: to throw `DeadlockError` into the
  main task, the way trio throws `KeyboardInterrupt`.
- `trio._threads._active_threads_local`, behind `trio.testing.active_thread_count`;
  `PARENT_TASK_DATA`, for whom a thread works; `Run.run`, by which a task does what a thread asks;
  where that thread stands meanwhile, and where one has no work.
"""

# pyright: reportPrivateUsage=false

import functools
import math
import select
import signal
import sys
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from contextvars import Context
from typing import NoReturn

import trio.testing
from trio._core._run import GLOBAL_RUN_CONTEXT, Runner
from trio._threads import PARENT_TASK_DATA, Run, _active_threads_local

from awaits.testing.clock import VirtualClock
from awaits.testing.deadlock import DeadlockError, deadlock
from awaits.testing.play import Play
from awaits.testing.threads import ASKING, POOLS, SECONDS_UNTIL_LOOKED_AGAIN, Threads

POOLS.add(("trio._core._thread_cache", "_work"))
ASKING.add(("trio._threads", "_send_message_to_trio"))

_SOCKETS = "_epoll" if sys.platform == "linux" else "_kqueue"


def options(clock: VirtualClock) -> dict[str, object]:
    """Return the options that make trio run in virtual time."""
    _teach_trio()
    return {"clock": VirtualTrioClock(clock), "instruments": [_EndOfRun(clock)]}


class _EndOfRun(trio.abc.Instrument):
    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock

    def after_run(self) -> None:
        self._clock.stop()


class VirtualTrioClock(trio.abc.Clock):
    """A clock that moves to the next deadline when trio asks how long to wait for it."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock: VirtualClock = clock

    def start_clock(self) -> None:
        """Begin at 0.0; trio calls this when a run begins."""
        runner: Runner = GLOBAL_RUN_CONTEXT.runner
        token = runner.current_trio_token()
        self.threads = Threads(token, _token_here, token.run_sync_soon)
        self._sockets = select.poll()
        self._sockets.register(getattr(runner.io_manager, _SOCKETS), select.POLLIN)
        self.clock.start(self)

    def current_time(self) -> float:
        """Return the virtual time, in seconds."""
        return self.clock.now

    def deadline_to_sleep_time(self, deadline: float) -> float:
        """Make something run, if possible; return how long to wait for the world outside.

        trio calls this only when no task can run. Nothing may raise here: with anyio's runner trio
        is a guest of another loop, which would wait for ever.

        Args:
            deadline: The next one, in virtual time.
        """
        if deadline <= self.clock.now:
            return 0
        runner: Runner = GLOBAL_RUN_CONTEXT.runner
        try:
            return self._make_something_run(runner, deadline)
        except Exception as error:  # noqa: BLE001 what is raised here belongs to the test
            return self._throw([runner.main_task or runner.init_task], error)

    def _make_something_run(self, runner: Runner, deadline: float) -> float:
        queue: object = runner.runq
        play = queue if isinstance(queue, RunQueuePlay) else None
        threads_out = (
            _active_threads_local in runner._locals
            and trio.testing.active_thread_count() > self.threads.n_waiting
        )
        if runner.waiting_for_idle or threads_out:
            return 0 if play is not None and play.release() else math.inf
        if self._sockets.poll(self.clock.idle * 1_000) or self.clock.move(deadline):
            return 0
        if play is not None and play.release():
            return 0
        main = runner.main_task
        if main is None or self._waits_for_the_world_outside(runner):
            return math.inf
        if self.threads.may_come_back():
            return SECONDS_UNTIL_LOOKED_AGAIN
        if self._sockets.poll(0):  # one came while we looked
            return 0
        others = [
            task for task in runner.tasks if task is not main and not _is_system_task(task, runner)
        ]
        named = ((task.name, task.coro) for task in others)
        # If the main task waits for a thread that waits for another task, that has to end.
        return self._throw([main, *others], deadlock(main.coro, named, self.clock.now))

    def _waits_for_the_world_outside(self, runner: Runner) -> bool:
        waiting = runner.io_manager.statistics()
        kinds = ("tasks_waiting_read", "tasks_waiting_write", "tasks_waiting")  # epoll's, kqueue's
        sockets = sum(getattr(waiting, kind, 0) for kind in kinds)
        handlers = map(signal.getsignal, signal.valid_signals())
        return (
            sockets > 1  # one is trio's own, for other threads
            or any(getattr(it, "__module__", None) == "trio._signals" for it in handlers)
        )

    def _throw(self, tasks: list[trio.lowlevel.Task | None], error: Exception) -> float:
        """Throw an error into the first task that takes it, as trio throws `KeyboardInterrupt`."""

        def throw() -> NoReturn:
            raise error

        self.threads.error = error
        for task in tasks:
            if task is not None and task._abort_func is not None:
                task._attempt_abort(throw)
            if GLOBAL_RUN_CONTEXT.runner.runq:
                return 0
        return math.inf

    def restart(self) -> bool:
        """Begin again at 0.0, unless a deadline is pending; return whether it was done."""
        self.threads.begin()
        return GLOBAL_RUN_CONTEXT.runner.deadlines.next_deadline() == math.inf

    @contextmanager
    def main_task(self) -> Generator[None]:
        """Let `DeadlockError` out of the groups that it went through, as on asyncio."""
        __tracebackhide__ = True
        try:
            yield
        except BaseExceptionGroup as group:
            error: BaseException | None = group.subgroup(DeadlockError)
            while isinstance(error, BaseExceptionGroup):
                error = error.exceptions[0]
            if error is None:
                raise
            raise error from None


class RunQueuePlay(Play[trio.lowlevel.Task, trio.lowlevel.Task]):
    """trio's queue of the tasks that can run, steered by a schedule."""

    def __init__(self, holds: Mapping[tuple[int, int], int], cancel: int | None) -> None:
        self._runner: Runner = GLOBAL_RUN_CONTEXT.runner
        super().__init__(self._runner.runq, holds, cancel)
        self._runner.runq = self
        # A virtual clock holds steps back while time moves; a real one would wait meanwhile.
        self._is_virtual = isinstance(self._runner.clock, VirtualTrioClock)

    def close(self) -> None:
        """Give the event loop its own queue back."""
        self._runner.runq = self.rest()

    def __len__(self) -> int:
        return super().__len__() + (0 if self._is_virtual else self.n_held)

    def __iter__(self) -> Iterator[trio.lowlevel.Task]:
        """Return one task: trio runs several of a turn in random order."""
        self.turn_begins()
        step = self.take()
        if step is None and not self._is_virtual:
            self.release()
            step = self.take()
        return iter(() if step is None else (step,))

    def clear(self) -> None:
        """Do nothing: what trio has got is gone already."""

    def task_of(self, step: trio.lowlevel.Task) -> trio.lowlevel.Task | None:
        """Return the task; `None` for those that trio needs."""
        return None if _is_system_task(step, self._runner) else step

    def is_cancelled(self, step: trio.lowlevel.Task) -> bool:
        """Tell whether a cancellation wakes the task."""
        return isinstance(getattr(step._next_send, "error", None), trio.Cancelled)

    def context_of(self, step: trio.lowlevel.Task) -> Context:
        """Return the context variables of a task."""
        return step.context

    def coroutine_of(self, task: trio.lowlevel.Task) -> object:
        """Return what a task runs."""
        return task.coro

    def current_task(self) -> trio.lowlevel.Task:
        """Return the task that runs."""
        return trio.lowlevel.current_task()

    def name_of(self, task: trio.lowlevel.Task) -> str:
        """Return the name of a task."""
        return task.name

    def time(self) -> float | None:
        """Return the virtual time, in seconds; `None` in real time."""
        return self._runner.clock.current_time() if self._is_virtual else None


def _is_system_task(task: trio.lowlevel.Task, runner: Runner) -> bool:
    """Tell whether a task is the first one, or one that it started besides the main task."""
    nursery = task.parent_nursery
    return nursery is None or (
        nursery.parent_task is runner.init_task and task is not runner.main_task
    )


def _token_here() -> object:
    return getattr(PARENT_TASK_DATA, "token", None)


@functools.cache
def _teach_trio() -> None:
    """Teach trio that a thread that waits for the event loop is not out, in virtual time."""
    original = Run.run

    async def run(self: Run[object]) -> None:
        clock = GLOBAL_RUN_CONTEXT.runner.clock
        if not isinstance(clock, VirtualTrioClock):
            await original(self)
            return
        clock.threads.n_waiting += 1
        try:
            await original(self)
        finally:
            clock.threads.n_waiting -= 1

    setattr(Run, original.__name__, run)
