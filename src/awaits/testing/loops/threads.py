"""The threads beside an event loop: those that it waits for, and those that wait for it.

Time stands still while a worker thread is out. But a worker that waits for the event loop would
then wait for ever: in `anyio.from_thread.run`, in `trio.from_thread.run`, or for a future of a
portal or of `asyncio.run_coroutine_threadsafe`. So it does not count as out meanwhile. Workers also
do not count once all threads have waited at locks or queues for some time: only a task can wake
them. While all threads that work ask whether they are cancelled, or have been at the same job for
some seconds, time keeps pace with real time.

Nobody knows whether a task waits for a thread that is not a worker, such as that of a database's
connection. It may, if the thread has called the event loop before, or if the test has started it.
So time stands still while such a thread is at work, but not for long.
"""

import contextlib
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from types import CodeType, FrameType
from weakref import WeakMethod, WeakSet, WeakValueDictionary, ref

from awaits.testing.loops import real
from awaits.testing.loops.fence import check_names
from awaits.testing.loops.oldest import OLDEST
from awaits.testing.loops.stacks import (
    beginning,
    frames,
    has_no_work,
    is_a_worker,
    is_at_work_alone,
    is_runnable,
    job,
    waits,
    waits_outside,
)

check_names("Python", {threading: ["_active"]})

ALIVE: dict[int, threading.Thread] = vars(threading)["_active"]

SECONDS_UNTIL_LOOKED_AGAIN = 0.05  # real ones
# A test may wait for a thread that is older than the test, such as aiosqlite's. But if that thread
# stands at one place for so many real seconds, it waits for work itself.
SECONDS_AT_ONE_PLACE = 5.0
# A thread that was woken a moment ago still stands where it waited, until the system lets it run.
SECONDS_ALL_WAIT = 0.2
# A worker that has been at one job for so long may go on until a task has slept.
SECONDS_AT_ONE_JOB = 5.0
# A thread may be about to go on that seems to wait at a lock.
SECONDS_TO_WAKE = 0.002
# A thread that is no worker may work for so long. After that, it does not hold time until it has
# rested, because it may go on for ever. Then others that run the same function hold time for less.
SECONDS_ALONE, SECONDS_ALONE_AGAIN = 1.0, 0.2
# asyncio's default executor. Its threads are workers, also where they wait for a job.
_OF_DEFAULT_EXECUTOR = "asyncio_"
# A thread that asks at least this often whether it is cancelled may work until it is.
SECONDS_BETWEEN_QUESTIONS = 1.0

# Keyed by the id of the token: a value may refer to its token, by the frame of a thread, and a
# dictionary with weak keys would then keep both alive for ever.
_of_loops: WeakValueDictionary[int, "Threads"] = WeakValueDictionary()

_callers: WeakSet[threading.Thread] = WeakSet()
"""The threads that have called an event loop in virtual time."""
_go_on: WeakSet[threading.Thread] = WeakSet()
"""Those that have worked for longer than they hold time, and not rested since."""
_going_on: set[CodeType] = set()
"""The functions that such threads run."""


class Threads:
    """The threads beside an event loop in virtual time.

    Args:
        token: Identifies the event loop.
        token_here: Returns the token of the event loop that this thread works for, if any.
        soon: Makes the event loop call a function; other threads may call this.
        awaited_here: Returns which tasks wait for this worker. A task that no longer waits for it
            leaves what was returned, or is replaced by `None`.
    """

    def __init__(
        self,
        token: object,
        token_here: Callable[[], object],
        soon: Callable[[Callable[[], object]], object],
        awaited_here: Callable[[], Sequence[object]],
    ) -> None:
        self.n_out: int = 0  # how many workers are out; trio counts its own
        self.asking: list[Sequence[object]] = []
        """For each thread that waits for the event loop, which tasks wait for the thread."""
        self.waiting: list[int] = []  # threads that wait for the event loop, workers or not
        # Weak: these belong to the event loop, and a cycle would keep it alive for a while.
        self._token = ref(token)
        self._soon = WeakMethod(soon)
        self._token_here = token_here
        self._awaited_here = awaited_here
        self.begin()
        _of_loops[id(token)] = self

    def begin(self) -> None:
        """Note which threads are older than the test that begins."""
        self._older = {thread for thread, _ in self._busy()}
        self.n_alive: int = len(ALIVE)
        self.has_callers: bool = bool(_callers)
        # Since when threads have been at work that are not workers.
        self._alone: dict[threading.Thread, float] = {}
        self._at_locks: tuple[set[tuple[FrameType, int]], float] = set(), 0.0
        # Where threads stood. The frames stay alive, so that no later one has the same address.
        self._places: dict[threading.Thread, tuple[FrameType, int, float]] = {}
        self._looked_at: list[FrameType] = []
        self._asked: dict[int, float] = {}  # when each asked last whether it is cancelled
        # Since when workers have been at their jobs. The frames stay alive, see above.
        self._jobs: dict[FrameType, float] = {}
        self._pace = (math.nan, 0.0)  # the virtual and the real time since when only these work
        self._all_wait: tuple[set[tuple[int, int]], float] = set(), real.seconds()
        self.error: Exception | None = None  # a deadlock, which cancelled what threads wait for

    def n_waiting(self) -> int:
        """Return how many workers wait for the event loop, without those that are abandoned."""
        return sum(any(tasks) for tasks in self.asking)

    def may_come_back(self) -> bool:
        """Tell whether another thread is at work, and may call the event loop afterwards."""
        return any(True for _ in self._who_may_come_back())

    def all_wait(self) -> bool:
        """Tell whether all threads have waited for some time, each for another or for a task.

        After each `True`, the time starts anew: what runs then may wake a thread.
        """
        found = [frame for _, frame in self._who_may_come_back()]
        all_wait = all(frame is not None and waits(frame) for frame in found)
        frames = [it for it in found if it is not None] if all_wait else []
        places = {(id(it), it.f_lasti) for it in frames}
        before, since = self._all_wait
        now = real.seconds()
        if places != before:
            self._all_wait, self._looked_at = (places, now), frames
            return False
        if not places or now - since < SECONDS_ALL_WAIT:  # if none, one begins or ends its work
            return False
        self._all_wait, self._looked_at = (set(), now), []
        return True

    def asks_whether_it_is_cancelled(self) -> None:
        """Note that this thread asks: it may work until a deadline cancels it."""
        self._asked[threading.get_ident()] = real.seconds()

    def keeps_pace(self, now: float, deadline: float) -> bool:
        """Tell whether real time has reached a deadline, if real time counts.

        Real time counts while all threads that work ask whether they are cancelled, or have been at
        the same job for long. They may work until a task has slept, so if time stood still, they
        might work for ever.

        Args:
            now: The virtual time, in seconds.
            deadline: The event loop's next one, in virtual time; infinite if there is none.
        """
        now_really = real.seconds()
        before, self._jobs = self._jobs, {}
        n_counting, all_count = 0, True
        for thread, frame in self._who_may_come_back():
            began = None if frame is None else job(frame)
            if began is not None:
                self._jobs[began] = before.get(began, now_really)
            if now_really - self._asked.get(
                thread.ident or 0, -math.inf
            ) < SECONDS_BETWEEN_QUESTIONS or (
                began is not None and now_really - self._jobs[began] >= SECONDS_AT_ONE_JOB
            ):
                n_counting += 1
            elif frame is None or not (waits(frame) or _serves(frame)):
                all_count = False
        all_count = all_count and n_counting > 0
        if not all_count or self._pace[0] != now:
            self._pace = now, now_really
        return all_count and now_really - self._pace[1] >= deadline - now

    def is_called(self) -> None:
        """Note that this thread calls the event loop."""
        thread = threading.current_thread()
        if thread is not threading.main_thread():
            _callers.add(thread)
            self.has_callers = True

    def hold(self) -> float:
        """Return for how many real seconds to wait before time may move; 0 if it may move now.

        A thread that is at work and that is not a worker may call the event loop.
        """
        if len(ALIVE) == self.n_alive and not self.has_callers:
            return 0.0
        now, where = real.seconds(), frames()
        wait, is_woken, at_locks = 0.0, False, set[tuple[FrameType, int]]()
        for thread in self._alone_beside():
            frame = where.get(thread.ident or 0)
            is_at_work = False if frame is None else is_at_work_alone(frame)
            if frame is not None and is_at_work:
                wait = max(wait, self._wait_for(thread, frame, now))
                continue
            self._alone.pop(thread, None)
            _go_on.discard(thread)
            if frame is not None and is_at_work is None:
                at_locks.add((frame, frame.f_lasti))  # the frame stays alive, see above
                is_woken = is_woken or is_runnable(thread)
        (before, since), self._at_locks = self._at_locks, (set(), 0.0)
        if at_locks and not wait:
            since = since if at_locks == before and not is_woken else now
            if now - since < SECONDS_TO_WAKE:
                self._at_locks = at_locks, since
                wait = SECONDS_TO_WAKE
        return wait

    def _wait_for(self, thread: threading.Thread, frame: FrameType, now: float) -> float:
        """Return for how many real seconds to wait for a thread that is at work."""
        if thread in _go_on:
            return 0.0
        began = beginning(frame)
        worked = now - self._alone.setdefault(thread, now)
        if worked >= (SECONDS_ALONE_AGAIN if began in _going_on else SECONDS_ALONE):
            _go_on.add(thread)
            _going_on.add(began)
            return 0.0
        return min(SECONDS_TO_WAKE + worked, SECONDS_UNTIL_LOOKED_AGAIN)

    def _alone_beside(self) -> Iterator[threading.Thread]:
        """Yield the other threads that may be at work for a task."""
        those_that_never_are = threading.current_thread(), threading.main_thread()
        for thread in threading.enumerate():
            if (
                thread not in those_that_never_are
                and thread.ident not in self.waiting
                and not thread.name.startswith(_OF_DEFAULT_EXECUTOR)
                and (thread not in self._older or thread in _callers)
            ):
                yield thread

    def _who_may_come_back(self) -> Iterator[tuple[threading.Thread, FrameType | None]]:
        main = threading.main_thread()
        for thread, frame in self._busy():
            if thread is main or thread not in self._older or self._moves(thread, frame):
                yield thread, frame

    def _busy(self) -> Iterator[tuple[threading.Thread, FrameType | None]]:
        where, this = frames(), threading.current_thread()
        for thread in threading.enumerate():
            frame = where.get(thread.ident or 0)
            is_waiting = thread.ident in self.waiting
            if thread is not this and not is_waiting and not has_no_work(frame):
                yield thread, frame

    def _moves(self, thread: threading.Thread, frame: FrameType | None) -> bool:
        """Tell whether a thread has stood at another place in the last seconds."""
        if thread in OLDEST or frame is None:
            return False
        now = real.seconds()
        before, last, since = self._places.get(thread, (None, 0, now))
        if frame is not before or frame.f_lasti != last:
            since = now
        self._places[thread] = frame, frame.f_lasti, since
        return now - since < SECONDS_AT_ONE_PLACE

    def may_wait_for(self, future: Future[object]) -> None:
        """Notice when this thread waits for a future that the event loop will resolve."""
        tasks = self._awaited_here() if self._token_here() is self._token() else ()
        for name in ("result", "exception"):
            vars(future)[name] = self._noticed(future, getattr(future, name), tasks)

    def _noticed(
        self,
        future: Future[object],
        wait: Callable[[float | None], object],
        tasks: Sequence[object],
    ) -> Callable[..., object]:
        def noticed(timeout: float | None = None) -> object:
            __tracebackhide__ = True
            waiting = _Waiting(self, future, tasks, for_ever=timeout is None)
            self._tell(waiting.begin)
            try:
                return wait(timeout)
            except TimeoutError:
                self._tell(waiting.end)
                raise
            except CancelledError:
                if self.error is None:
                    raise
                raise self.error from None  # noqa: ASYNC104 what the task ended with

        return noticed

    def _tell(self, function: Callable[[], object]) -> None:
        """Make the event loop call a function soon, unless it is gone."""
        if (soon := self._soon()) is not None:
            with contextlib.suppress(RuntimeError):  # it is closed
                soon(function)


def _serves(frame: FrameType) -> bool:
    """Tell whether a thread is a server that waits for the world outside."""
    return waits_outside(frame) and not is_a_worker(frame)


class _Waiting:
    """A thread's wait for a future. The event loop calls `begin` and `end`."""

    def __init__(
        self, threads: Threads, future: Future[object], tasks: Sequence[object], *, for_ever: bool
    ) -> None:
        self._threads = threads
        self._future = future
        self._tasks = tasks
        self._ident = threading.get_ident() if for_ever else 0
        self._counts = False

    def begin(self) -> None:
        self._counts = True
        self._threads.asking.append(self._tasks)
        self._threads.waiting.append(self._ident)
        self._future.add_done_callback(self.end)  # at once if it is done, or as soon as it is

    def end(self, _future: object = None) -> None:
        if self._counts:
            self._counts = False
            self._threads.asking.remove(self._tasks)
            self._threads.waiting.remove(self._ident)


def threads_beside(token: object) -> Threads | None:
    """Return the threads beside the event loop with this token; `None` if it is in real time."""
    return _of_loops.get(id(token))
