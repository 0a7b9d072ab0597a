"""Threads beside an event loop in virtual time that are no workers of one.

Nobody knows whether a task waits for such a thread, as that of a database's connection. It may, if
the thread has called the event loop before, or if the test has started it. So time stands still
while such a thread is at work, but not for long.

Private name, read in CPython 3.11.7, 3.12.1 and 3.13.0: `threading._active`, the threads that run.
"""

import threading
from collections.abc import Collection, Iterator
from types import CodeType, FrameType
from typing import TypeAlias
from weakref import WeakSet

from awaits.testing.loops import real
from awaits.testing.loops.fence import check_names
from awaits.testing.loops.stacks import beginning, frames, is_at_work_alone, n_sleeps

check_names("Python", {threading: ["_active"]})

ALIVE: dict[int, threading.Thread] = vars(threading)["_active"]

SECONDS_UNTIL_LOOKED_AGAIN = 0.05  # real ones, at most
# A thread may be about to go on that seems to wait at a lock.
SECONDS_TO_WAKE = 0.002
# A thread that is no worker may work for so long. After that, it does not hold time until it has
# rested, because it may go on for ever. Then others that run the same function hold time for less.
SECONDS_ALONE, SECONDS_ALONE_AGAIN = 1.0, 0.2
# asyncio's default executor. Its threads are workers, also where they wait for a job.
_OF_DEFAULT_EXECUTOR = "asyncio_"

_callers: WeakSet[threading.Thread] = WeakSet()
"""The threads that have called an event loop in virtual time."""
_go_on: WeakSet[threading.Thread] = WeakSet()
"""Those that have worked for longer than they hold time, and not rested since."""
_going_on: set[CodeType] = set()
"""The functions that such threads run."""

# By where each thread stands at a lock, how often it has gone to sleep; `None` if it is about to
# go on. The frames stay alive, so that no later one has the same address.
AtLocks: TypeAlias = dict[tuple[FrameType, int], int | None]


class Alone:
    """The threads that are no workers, and how long they hold time."""

    def __init__(self) -> None:
        self.begin(set())

    def begin(self, older: Collection[threading.Thread]) -> None:
        """Begin a test.

        Args:
            older: The threads that were at work before it.
        """
        self._older = older
        self.n_alive: int = len(ALIVE)
        self.has_callers: bool = bool(_callers)
        self._since: dict[threading.Thread, float] = {}  # when each was first seen at work
        self._at_locks: AtLocks = {}
        self._since_at_locks: float = 0.0
        self._has_slept_again: bool = False

    def is_called(self) -> None:
        """Note that this thread calls the event loop."""
        thread = threading.current_thread()
        if thread is not threading.main_thread():
            _callers.add(thread)
            self.has_callers = True

    def hold(self, waiting: Collection[int]) -> float:
        """Return for how many real seconds to wait before time may move; 0 if it may move now.

        Args:
            waiting: The threads that wait for the event loop, by their numbers.
        """
        if len(ALIVE) == self.n_alive and not self.has_callers:
            return 0.0
        now, where = real.seconds(), frames()
        wait, at_locks = 0.0, AtLocks()
        for thread in self._beside(waiting):
            frame = where.get(thread.ident or 0)
            is_at_work = False if frame is None else is_at_work_alone(frame)
            if frame is not None and is_at_work:
                wait = max(wait, self._wait_for(thread, frame, now))
                continue
            self._since.pop(thread, None)
            _go_on.discard(thread)
            if frame is not None and is_at_work is None:
                at_locks[frame, frame.f_lasti] = n_sleeps(thread)
        if wait or not self._may_be_woken(at_locks, now):
            self._at_locks = {}
            return wait
        return SECONDS_TO_WAKE

    def _may_be_woken(self, at_locks: AtLocks, now: float) -> bool:
        """Tell whether one of the threads at locks may have been woken a moment ago."""
        if not at_locks:
            return False
        if at_locks.keys() != self._at_locks.keys():
            self._since_at_locks, self._has_slept_again = now, False
        elif None in at_locks.values():
            self._since_at_locks = now
        elif at_locks != self._at_locks and not self._has_slept_again:
            # One was woken, and waits for Python's own lock. If it happens again, it polls.
            self._since_at_locks, self._has_slept_again = now, True
        self._at_locks = at_locks
        return now - self._since_at_locks < SECONDS_TO_WAKE

    def _wait_for(self, thread: threading.Thread, frame: FrameType, now: float) -> float:
        """Return for how many real seconds to wait for a thread that is at work."""
        if thread in _go_on:
            return 0.0
        began = beginning(frame)
        worked = now - self._since.setdefault(thread, now)
        if worked >= (SECONDS_ALONE_AGAIN if began in _going_on else SECONDS_ALONE):
            _go_on.add(thread)
            _going_on.add(began)
            return 0.0
        return min(SECONDS_TO_WAKE + worked, SECONDS_UNTIL_LOOKED_AGAIN)

    def _beside(self, waiting: Collection[int]) -> Iterator[threading.Thread]:
        """Yield the other threads that may be at work for a task."""
        those_that_never_are = threading.current_thread(), threading.main_thread()
        for thread in threading.enumerate():
            if (
                thread not in those_that_never_are
                and thread.ident not in waiting
                and not thread.name.startswith(_OF_DEFAULT_EXECUTOR)
                and (thread not in self._older or thread in _callers)
            ):
                yield thread
