"""trio's clock in virtual time.

Private names, read in trio 0.32.0 and 0.35.0:

- `GLOBAL_RUN_CONTEXT.runner`, the scheduler, which knows who waits. trio itself jumps to deadlines
  only with its own `MockClock` (python-trio/trio#3369), which knows neither threads nor deadlocks.
- `Runner.waiting_for_idle`: the tasks that wait for the event loop to be idle, which run before
  time moves.
- `Runner.io_manager`'s `_epoll` or `_kqueue`: to see whether sockets have events, without taking
  them; `_registered`, the sockets that tasks wait for.
- `Runner.main_task`, `Runner.init_task`, `Task._attempt_abort`: to throw `DeadlockError` into the
  main task, the way trio throws `KeyboardInterrupt`; `Task._next_send`, for a task that can run
  already; `Runner.main_task_outcome`, which comes out of the run.
- `Runner.instruments`, to count turns only where there may be many.
- `trio._threads._active_threads_local`, behind `trio.testing.active_thread_count`;
  `PARENT_TASK_DATA`, which says for which run a thread works.

Private names, read in anyio 4.16.0: `TestRunner._call_in_runner_task`, which is the host of trio's
guest run, and `_main_task_finished`, which gets the outcome of that run.
"""

# pyright: reportPrivateUsage=false

import functools
import math
import select
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager
from signal import getsignal, valid_signals
from typing import NoReturn

import trio.testing
from anyio._backends._trio import TestRunner
from outcome import Error, Outcome, capture
from trio import _signals
from trio._core._run import GLOBAL_RUN_CONTEXT, Deadlines, Runner, Task
from trio._threads import PARENT_TASK_DATA, _active_threads_local

from awaits.testing.loops._trio.order import RunQueuePlay
from awaits.testing.loops._trio.waits import is_system_task, look, tasks_of
from awaits.testing.loops.fence import check_names
from awaits.testing.loops.idle import (
    TURNS_AFTER_AN_ERROR,
    end_what_runs_for_ever,
    make_something_run,
)
from awaits.testing.loops.threads import Threads
from awaits.testing.loops.thrown import MOST_THROWN, Thrown
from awaits.testing.loops.timekeeper import Timekeeper
from awaits.testing.loops.waits import Here, Look

if sys.platform == "linux":
    from trio._core._io_epoll import EpollIOManager as IOManager
else:
    from trio._core._io_kqueue import KqueueIOManager as IOManager
_SOCKETS = "_epoll" if sys.platform == "linux" else "_kqueue"

# An endless loop is noticed after so many more turns than the clock's `turns`, at the latest.
SHARE_NOT_COUNTED = 0.1

check_names(
    "trio",
    {
        type(GLOBAL_RUN_CONTEXT): ["runner"],
        type(PARENT_TASK_DATA): ["task_register", "token"],
        Runner: [
            "_locals",
            "clock",
            "deadlines",
            "init_task",
            "instruments",
            "io_manager",
            "main_task",
            "main_task_outcome",
            "tasks",
        ],
        Deadlines: ["next_deadline"],
        IOManager: [_SOCKETS, "_registered", "statistics"],
        Task: ["_abort_func", "_attempt_abort"],
    },
)
check_names("trio", {Runner: ["waiting_for_idle"]})
check_names("anyio", {TestRunner: ["_call_in_runner_task", "_main_task_finished"]})


class VirtualTrioClock(trio.abc.Clock):
    """A clock that moves to the next deadline when trio asks how long to wait for it."""

    threads: Threads

    def __init__(self, timekeeper: Timekeeper) -> None:
        self.timekeeper: Timekeeper = timekeeper
        self.thrown: Thrown = Thrown()
        self._n_looks = 0  # how often the time was asked for since a task last could not run
        self._most_looks: float = 0.0
        self._turns: Turns | None = None  # what counts turns, if it does now

    def start_clock(self) -> None:
        """Begin at 0.0; trio calls this when a run begins."""
        runner = self._runner = GLOBAL_RUN_CONTEXT.runner
        token = runner.current_trio_token()
        self.threads = Threads(token, token_here, token.run_sync_soon, awaited_here)
        # One clock may run again and again, and an error of another run is not this one's.
        self.thrown.forget()
        self._turns = None
        vars(self).pop("current_time", None)
        self._sockets = select.poll()
        self._sockets.register(getattr(runner.io_manager, _SOCKETS), select.POLLIN)
        self.timekeeper.start(self)
        self._begin_to_look()

    def current_time(self) -> float:
        """Return the virtual time, in seconds."""
        # trio asks once a turn, and programs ask, too. To count turns is slower, so it begins only
        # when there may have been many.
        self._n_looks += 1
        if self._n_looks > self._most_looks:
            self._most_looks = math.inf
            self._turns = Turns(self)
            self._runner.instruments.add_instrument(self._turns)
        return self.timekeeper.now

    def _begin_to_look(self) -> None:
        self._n_looks, self._most_looks = 0, self.timekeeper.turns * SHARE_NOT_COUNTED
        if self._turns is not None:
            self._runner.instruments.remove_instrument(self._turns)
            self._turns = None

    def end_what_runs_for_ever(self) -> None:
        """Raise `LivelockError` in the main task, after too many turns at one instant."""
        runner, turns = self._runner, self.timekeeper.turns
        self.timekeeper.n_turns = max(0, turns - TURNS_AFTER_AN_ERROR)  # it may be swallowed
        running = [task for task in _ready(runner) if not is_system_task(task, runner)]
        try:
            end_what_runs_for_ever(self, ((task.name, task.coro) for task in running))
        except trio.TrioInternalError as error:  # no task takes it
            leave = error

            def current_time() -> NoReturn:
                raise leave

            setattr(self, self.current_time.__name__, current_time)  # trio calls it next

    def deadline_to_sleep_time(self, deadline: float) -> float:
        """Make something run, if possible; return how long to wait for the world outside.

        trio calls this only when no task can run. An error that is raised here ends the run,
        without any clean-up in its tasks.

        Args:
            deadline: The next one, in virtual time.
        """
        self.timekeeper.n_turns = self._n_looks = 0
        if self._turns is not None:
            self._begin_to_look()
        if deadline <= self.timekeeper.now:
            return 0
        self._deadline = deadline
        try:
            return make_something_run(self)
        except trio.TrioInternalError:  # no task takes it
            raise
        except Exception as error:  # noqa: BLE001 what is raised here belongs to the test
            return self.throw(error)

    # What `contract.EventLoop` asks for.

    def current_play(self) -> RunQueuePlay | None:
        """Return what steers the order of the tasks; `None` if nothing does."""
        queue: object = self._runner.runq
        return queue if isinstance(queue, RunQueuePlay) else None

    def threads_are_out(self) -> bool:
        """Tell whether a worker thread is at work and does not wait for the event loop."""
        n_threads = self.n_threads()
        if not n_threads:  # as always when time moves in a program without threads
            return False
        return n_threads > self.threads.n_waiting()

    def n_threads(self) -> int:
        """Return how many worker threads are out; trio counts them."""
        # Before the first thread, trio's count costs a `LookupError` inside trio, too slow at each
        # turn.
        is_any = _active_threads_local in self._runner._locals
        return trio.testing.active_thread_count() if is_any else 0

    def waits_until_idle(self) -> bool:
        """Tell whether a task waits for all others to be blocked."""
        return bool(self._runner.waiting_for_idle)

    def wake_who_waits_until_idle(self) -> bool:
        """Leave it to trio, which wakes them itself."""
        return False

    def poll(self, seconds: float) -> bool:
        """Wait up to so many real seconds for sockets and other threads; tell if something came."""
        return bool(self._sockets.poll(seconds * 1_000))

    def next_deadline(self) -> float:
        """Return the next deadline, in virtual time; infinite if there is none."""
        return self._deadline

    def watches_sockets(self) -> bool:
        """Tell whether a task waits for a socket, a pipe or the like."""
        # Windows keeps them elsewhere; there, nobody asks.
        registered = self._runner.io_manager._registered  # pyright: ignore[reportAttributeAccessIssue]
        return len(registered) > 1  # one is trio's own, for other threads

    def waits_for_the_world_outside(self) -> bool:
        """Tell whether a task waits for a socket or a signal."""
        waiting = self._runner.io_manager.statistics()
        kinds = ("tasks_waiting_read", "tasks_waiting_write", "tasks_waiting")  # epoll's, kqueue's
        sockets = sum(getattr(waiting, kind, 0) for kind in kinds)
        handlers = map(getsignal, valid_signals())
        return (
            sockets > 1  # one is trio's own, for other threads
            or any(getattr(it, "__module__", None) == _signals.__name__ for it in handlers)
        )

    def main_coroutine(self) -> object:
        """Return the coroutine of the main task; `None` if there is no main task."""
        main = self._runner.main_task
        return None if main is None else main.coro

    def tasks(self) -> Iterator[Here]:
        """Return all tasks of the user."""
        return tasks_of(self._runner)

    @property
    def look(self) -> Look:
        """Tells what tasks wait for in trio's own code."""
        return look

    def _other_tasks(self) -> list[trio.lowlevel.Task]:
        runner = self._runner
        return [
            task
            for task in runner.tasks
            if task is not runner.main_task and not is_system_task(task, runner)
        ]

    def throw(self, error: Exception, *, is_last: bool = False) -> float:
        """Raise an error in the first task that takes it, as trio raises `KeyboardInterrupt`.

        That is the main task, unless it waits for a thread that waits for another task.
        """

        def throw() -> NoReturn:
            self.thrown.error = error
            raise error

        self.threads.error = error
        main = self._runner.main_task or self._runner.init_task
        if self.thrown.count(self.timekeeper.now) <= MOST_THROWN and not is_last:
            ready = set(_ready(self._runner))
            for task in (main, *self._other_tasks()):
                if task in ready and isinstance(task._next_send, Outcome):
                    task._next_send = capture(throw)
                    return 0
                if task is not None and task._abort_func is not None:
                    task._attempt_abort(throw)
                if len(_ready(self._runner)) > len(ready):
                    return 0
            if self.poll(0):  # an attempt has woken the event loop
                return 0
        # trio lets no error out but this one, which has the text of the first.
        raise trio.TrioInternalError(str(error)) from error

    def restart(self) -> bool:
        """Begin again at 0.0, unless a deadline is pending; return whether it was done."""
        self.threads.begin()
        self.thrown.forget()
        self._begin_to_look()
        return self._runner.deadlines.next_deadline() == math.inf

    def is_its_clock(self) -> bool:
        """Tell whether trio's own time is virtual: it is, because trio asks this object."""
        return True

    def is_hidden(self) -> bool:
        """Tell whether something has replaced trio's clock: nothing can."""
        return False

    def main_task(self) -> AbstractContextManager[None]:
        """Raise a deadlock as `DeadlockError` in the block, which runs in the current task."""
        return self.thrown.raised()


@functools.cache
def patch_test_runner() -> None:
    """End anyio's test runner when trio, its guest, ends; otherwise it would wait for ever.

    Ctrl-C is raised in the test's task, as in a plain run of trio. Between two turns, it would lose
    the next turn. An error that ends the run of trio ends the test.
    """
    trio.lowlevel.enable_ki_protection(TestRunner._call_in_runner_task)
    original = TestRunner._main_task_finished

    def _main_task_finished(self: TestRunner, outcome: object) -> None:
        original(self, outcome)
        error: object = getattr(outcome, "error", None)
        if isinstance(error, trio.TrioInternalError):
            cause = error.__cause__ or error
            raise cause from cause.__cause__  # which is told without trio's sentence before it

    setattr(TestRunner, original.__name__, _main_task_finished)


class End(trio.abc.Instrument):
    """Raises what was thrown into the main task, as it ends, and gives the wall clock back."""

    def __init__(self, clock: VirtualTrioClock) -> None:
        self._clock = clock

    def after_run(self) -> None:
        """Stop the clock; trio calls this as a run ends."""
        self._clock.timekeeper.stop()
        runner = GLOBAL_RUN_CONTEXT.runner
        outcome, thrown = runner.main_task_outcome, self._clock.thrown
        failed = outcome.error if isinstance(outcome, Error) else None
        if thrown.error is not None and (failed is None or isinstance(failed, Exception)):
            runner.main_task_outcome = capture(thrown.raise_instead_of, failed)


class Turns(trio.abc.Instrument):
    """Counts the turns at one instant."""

    def __init__(self, clock: VirtualTrioClock) -> None:
        self._clock = clock
        clock.timekeeper.n_turns = 0
        self._n_threads = 0
        self._round: set[int] = set()  # under a schedule, the tasks that took a step in this turn

    def before_io_wait(self, timeout: float) -> None:  # noqa: ARG002 trio's signature
        """Count a turn; trio calls this at each. It would only log an error that is raised here."""
        play = self._clock.current_play()
        if play is not None and play.ran:  # here each turn of trio is one step
            if play.ran[-1] not in self._round:
                self._round.add(play.ran[-1])
                return
            self._round = {play.ran[-1]}
        timekeeper, n_threads = self._clock.timekeeper, self._clock.n_threads()
        # When a thread comes back, count anew: a task that polls for it must see it.
        timekeeper.n_turns = 0 if n_threads < self._n_threads else timekeeper.n_turns + 1
        self._n_threads = n_threads
        if timekeeper.n_turns > timekeeper.turns:
            self._clock.end_what_runs_for_ever()


def _ready(runner: Runner) -> list[Task]:
    """Return the tasks that can run; to iterate over a `Play` would take one."""
    return list(deque.__iter__(runner.runq))


def awaited_here() -> list[Task | None]:
    """Return the task that waits for this worker; `None` in its place once it does not."""
    return PARENT_TASK_DATA.task_register


def token_here() -> object:
    """Return the token of the trio run that this thread works for; `None` if there is none."""
    return getattr(PARENT_TASK_DATA, "token", None)
