"""Threads beside an event loop in virtual time that are no workers of one, and child processes.

Nobody knows whether a task waits for such a thread, as that of a database's connection. It may, if
the thread has called the event loop before, or if the test has started it; or if a task waits for
the world outside, where the thread may serve it, or a child process. So time stands still while
such a thread or process is at work, but not for long.

Private name, read in CPython 3.11.7, 3.12.1 and 3.13.0: `threading._active`, the threads that run.
"""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from threading import current_thread, main_thread
from types import CodeType
from typing import TypeAlias
from weakref import WeakSet

from awaits.testing.loops import real
from awaits.testing.loops.children import Child, are_there, children
from awaits.testing.loops.fence import check_names
from awaits.testing.loops.oldest import OLDEST
from awaits.testing.loops.sleeps import SLEEPS_ARE_TOLD, Place, place
from awaits.testing.loops.stacks import beginning, doing, frames, has_no_work, is_a_worker

check_names("Python", {threading: ["_active"]})

ALIVE: dict[int, threading.Thread] = vars(threading)["_active"]

SECONDS_UNTIL_LOOKED_AGAIN = 0.05  # real ones, at most
# A thread may be about to go on that seems to wait at a lock.
SECONDS_TO_WAKE = 0.002
# A thread that is no worker may work for so long. After that, it does not hold time until it has
# rested, because it may go on for ever. Then others that run the same function hold time for less.
SECONDS_ALONE, SECONDS_ALONE_AGAIN = 1.0, 0.2
# One that calls the event loop, as a database's does with each answer, begins anew each time. In
# all, it may work for so long without a rest.
SECONDS_OF_CALLERS = 10.0
# A child process may work for so long.
SECONDS_OF_A_PROCESS = 5.0
# If such threads have worked by turns for so long, and none has called the event loop, they work
# for themselves. Servers may just have many calls to answer.
SECONDS_BY_TURNS, SECONDS_OF_SERVERS = 2.0, 10.0
# asyncio's default executor. Its threads are workers, also where they wait for a job.
_OF_DEFAULT_EXECUTOR = "asyncio_"
# The threads in which asyncio waits for the ends of child processes, where it has no better way.
_OF_PROCESSES = "asyncio-waitpid-"

Who: TypeAlias = threading.Thread | Child

_callers: WeakSet[threading.Thread] = WeakSet()
"""The threads that have called an event loop in virtual time."""
_go_on: WeakSet[Who] = WeakSet()
"""Those that have worked for longer than they hold time, and not rested since."""
_going_on: set[CodeType] = set()
"""The functions that such threads run."""

_Waiting: TypeAlias = tuple[Place, float]  # where a thread waits, and since when


class Alone:
    """The threads that are no workers, and how long they hold time."""

    def __init__(self) -> None:
        self.begin(())

    def begin(self, older: Collection[threading.Thread]) -> None:
        """Begin a test.

        Args:
            older: The threads that were at work before it.
        """
        self._older = set(older)
        self.alive: tuple[threading.Thread, ...] = tuple(ALIVE.values())
        """All threads; where these are the same, none has begun since. To compare them is quick."""
        self.has_callers: bool = bool(_callers)
        self._has_older: bool = not self._older <= OLDEST
        self._since: dict[Who, float] = {}  # when each was first seen at work
        self._called: dict[Who, float] = {}  # when each has called the event loop last
        self._waiting: dict[Who, _Waiting] = {}
        self._held_since: float | None = None
        self._work_for_themselves: bool = False

    def is_called(self) -> None:
        """Note that this thread calls the event loop."""
        thread = current_thread()
        if thread is not main_thread():
            _callers.add(thread)
            self._called[thread] = real.seconds()
            self.has_callers = True
            self._held_since, self._work_for_themselves = None, False

    def hold(self, waiting: Collection[int], watches_sockets: Callable[[], bool]) -> float | None:
        """Return for how many real seconds to wait before time may move.

        Args:
            waiting: The threads that wait for the event loop, by their numbers.
            watches_sockets: Tells whether a task waits for a socket or the like, where another
                thread or process may serve it.

        Returns:
            0 if time may move now, unless something came while the threads were looked at; `None`
            if there was nobody to look at.
        """
        if self._work_for_themselves:
            return None
        has_new = tuple(ALIVE.values()) != self.alive or self.has_callers
        is_served = SLEEPS_ARE_TOLD and watches_sockets()
        if not (has_new or is_served):
            return None
        if not (has_new or self._has_older or are_there()):
            return None
        is_served = is_served or (SLEEPS_ARE_TOLD and _waits_for_processes())
        now = real.seconds()
        wait = max(self._waits(waiting, now, is_served=is_served), default=0.0)
        if not wait:
            self._held_since = None
            if not SLEEPS_ARE_TOLD:
                self._waiting = {}
        elif self._held_since is None:
            self._held_since = now
        elif now - self._held_since >= (SECONDS_OF_SERVERS if is_served else SECONDS_BY_TURNS):
            self._work_for_themselves = True
            return 0.0
        return wait

    def _waits(self, waiting: Collection[int], now: float, *, is_served: bool) -> Iterator[float]:
        """Yield for how many real seconds to wait for each thread and process that is at work."""
        last, self._waiting = self._waiting, {}
        where = frames()
        for thread in self._beside(waiting, is_served=is_served):
            frame = where.get(thread.ident or 0)
            # A worker may be one of a server's event loop. In trio's guest mode, an idle one waits
            # for the world outside on behalf of this event loop.
            if frame is None or (is_a_worker(frame) and (not is_served or has_no_work(frame))):
                continue
            does = doing(frame)
            if does == "waits at a lock" or (does == "waits outside" and SLEEPS_ARE_TOLD):
                is_at_work = self._may_be_woken(thread, place(thread, frame), now, last)
            else:
                is_at_work = does == "works"
            yield (
                self._wait_for(thread, beginning(frame), now) if is_at_work else self._rest(thread)
            )
        for child in children() if is_served else ():
            is_at_work = self._may_be_woken(child, child.place(), now, last)
            yield self._wait_for(child, None, now) if is_at_work else self._rest(child)

    def _may_be_woken(
        self, who: Who, here: Place, now: float, last: Mapping[Who, _Waiting]
    ) -> bool:
        """Tell whether one that waits may have been woken a moment ago."""
        before, since = last.get(who, (None, now))
        if here != before:
            since = now
        self._waiting[who] = here, since
        return here is None or now - since < SECONDS_TO_WAKE

    def _rest(self, who: Who) -> float:
        self._since.pop(who, None)
        _go_on.discard(who)
        return 0.0

    def _wait_for(self, who: Who, began: CodeType | None, now: float) -> float:
        """Return for how many real seconds to wait for one that is at work.

        Args:
            who: The thread or the process.
            began: The function that the thread runs; `None` of a process.
            now: The real time.
        """
        if who in _go_on:
            return 0.0
        since = self._since.setdefault(who, now)
        worked = now - max(since, self._called.get(who, since))
        most = SECONDS_ALONE_AGAIN if began in _going_on else SECONDS_ALONE
        if began is None:
            most = SECONDS_OF_A_PROCESS
        if worked >= most or now - since >= SECONDS_OF_CALLERS:
            _go_on.add(who)
            if began is not None:
                _going_on.add(began)
            return 0.0
        return min(SECONDS_TO_WAKE + worked, SECONDS_UNTIL_LOOKED_AGAIN)

    def _beside(self, waiting: Collection[int], *, is_served: bool) -> Iterator[threading.Thread]:
        """Yield the other threads that may be at work for a task."""
        those_that_never_are = current_thread(), main_thread()
        for thread in threading.enumerate():
            if thread in those_that_never_are or thread.ident in waiting:
                continue
            if is_served and thread not in OLDEST:
                yield thread  # a server, or a worker of a server's event loop
            elif not thread.name.startswith(_OF_DEFAULT_EXECUTOR) and (
                thread not in self._older or thread in _callers
            ):
                yield thread


def _waits_for_processes() -> bool:
    return any(thread.name.startswith(_OF_PROCESSES) for thread in threading.enumerate())
