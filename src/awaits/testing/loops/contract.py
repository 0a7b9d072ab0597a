"""What an adapter does for its event loop: the specification of virtual time and of task order.

The words, as the kit uses them:

- A **step** of a task is what it runs from one await at which it has to wait to the next.
- A task is **ready** when its next step can run. An event loop is **busy** while a step runs or a
  task is ready, or while a worker thread is out. A worker thread is out while it does work that the
  event loop gave it, and does not itself wait for the loop. No thread counts as out when all
  threads have waited at locks or queues for 0.2 seconds of real time: only a task can wake them. If
  all threads that work ask whether they are cancelled, they count as out only until real time has
  reached the next deadline.
- It is **idle** otherwise. Each of its tasks then waits: for a deadline, for another task, or for
  the world outside.
- **The world outside** is what no task controls: a socket, a signal, a process, a thread that was
  started by hand. A task that waits for it does so in real time.
- Virtual time stands still while the event loop is busy. When it is idle, time moves to the next
  deadline.
- A task is **durably blocked** when nothing can ever wake it: the event loop is idle, there is no
  deadline, nobody waits for the world outside, and no thread may come back. If that is the main
  task, the run is **deadlocked**.
- A **delayed** step could run, but a schedule makes it wait. It does not count as ready. It runs
  before time moves on, unless the schedule lets it be late by some seconds.

`idle.py` decides what happens when nothing can run. It is the same for all event loops.
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from awaits.testing.loops.orders import Order
from awaits.testing.loops.play import Play
from awaits.testing.loops.standing import Standing
from awaits.testing.loops.threads import Threads
from awaits.testing.loops.timekeeper import Run, Timekeeper
from awaits.testing.loops.waits import Here, Look


class Adapter(Protocol):
    """What the kit needs of an event loop; a package of `loops` provides it for each."""

    def options(self, make: Callable[[], Timekeeper]) -> dict[str, object]:
        """Return the `backend_options` of `anyio.run` that make its time virtual.

        This also patches other libraries where that is needed, once.

        Args:
            make: Returns the `Timekeeper` for each run.
        """
        ...

    def play(self, order: Order) -> Play[Any, Any]:
        """Steer the order of the tasks of the running event loop, until `Play.close`.

        Raises:
            RuntimeError: It is steered already.
            unittest.SkipTest: It cannot be steered.
        """
        ...

    def stop_steering(self) -> None:
        """Leave the running event loop to itself, if what steers it gives way to others."""
        ...

    def standing_here(self) -> list[Standing]:
        """Return where the tasks of the running event loop stand, in real or virtual time."""
        ...

    def cancellable(self) -> AbstractContextManager[Callable[[], None]]:
        """Let the block's task be cancelled wherever it waits, without a cancel scope around it.

        The block may leave cancel scopes of its own open, like a fixture that yields in a task
        group.

        Returns:
            A function that cancels the task. Called again, it also cancels all tasks that have
            begun in the block, because the task may wait for them. Call it in the event loop, while
            the block runs.
        """
        ...

    def break_rings(self) -> None:
        """Cancel one task of each ring of tasks of the running event loop that await one another.

        Otherwise it could neither cancel them nor close.
        """
        ...


class EventLoop(Run, Protocol):
    """An event loop in virtual time: all that differs between asyncio and trio."""

    timekeeper: Timekeeper
    threads: Threads

    def current_play(self) -> Play[Any, Any] | None:
        """Return what steers the order of the tasks; `None` if nothing does."""
        ...

    def threads_are_out(self) -> bool:
        """Tell whether a worker thread is at work and does not wait for the event loop."""
        ...

    def waits_until_idle(self) -> bool:
        """Tell whether a task waits for all others to be blocked."""
        ...

    def wake_who_waits_until_idle(self) -> bool:
        """Wake the tasks that wait until idle; return whether this has done it."""
        ...

    def poll(self, seconds: float) -> bool:
        """Wait up to so many real seconds for sockets and other threads; tell if something came."""
        ...

    def next_deadline(self) -> float:
        """Return the next deadline, in virtual time; infinite if there is none."""
        ...

    def watches_sockets(self) -> bool:
        """Tell whether a task waits for a socket, a pipe or the like. It is asked at each move."""
        ...

    def waits_for_the_world_outside(self) -> bool:
        """Tell whether a task waits for a socket or a signal."""
        ...

    def main_coroutine(self) -> object:
        """Return the coroutine of the main task; `None` if there is no main task."""
        ...

    def tasks(self) -> Iterable[Here]:
        """Return all tasks of the user, including the main task."""
        ...

    @property
    def look(self) -> Look:
        """Tells what tasks wait for in this event loop's own code."""
        ...

    def throw(self, error: Exception, *, is_last: bool = False) -> float:
        """Raise an error in the main task; return as `idle.make_something_run` does.

        If no task takes it, if it is to be the last one, or errors were swallowed
        `thrown.MOST_THROWN` times, it is raised out of the event loop: the run must not go on for
        ever.
        """
        ...
