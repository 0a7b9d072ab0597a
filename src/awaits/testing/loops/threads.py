"""The threads beside an event loop: those that it waits for, and those that wait for it.

Time stands still while a worker thread is out. But a worker that waits for the event loop would
then wait for ever: in `anyio.from_thread.run`, in `trio.from_thread.run`, or for a future of a
portal or of `asyncio.run_coroutine_threadsafe`. So it does not count as out meanwhile. Workers also
do not count once all threads have waited at locks or queues for some time: only a task can wake
them. While all threads that work ask whether they are cancelled, or have been at the same job for
some seconds, time keeps pace with real time.
Threads that are no workers stand in `alone`.
"""

import contextlib
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from threading import current_thread, get_ident, main_thread
from types import FrameType
from weakref import WeakKeyDictionary, WeakMethod, WeakValueDictionary, ref

from awaits.testing.loops import real
from awaits.testing.loops.alone import ALIVE, Alone
from awaits.testing.loops.oldest import OLDEST
from awaits.testing.loops.polling import Polling
from awaits.testing.loops.sleeps import SLEEPS_ARE_TOLD, Place, place
from awaits.testing.loops.stacks import (
    ends_by_itself,
    frames,
    has_no_work,
    is_a_worker,
    job,
    waits,
    waits_outside,
)

# A test may wait for a thread that is older than the test, such as aiosqlite's. But if that thread
# stands at one place for so many real seconds, it waits for work itself.
SECONDS_AT_ONE_PLACE = 5.0
# How the thread is called that ends a test by pytest-timeout's `thread` method: it wakes no task,
# and waits as long as each run of the test, so a deadlock would be told only after those seconds.
LIMIT = "pytest_timeout "
# A thread that was woken a moment ago still stands where it waited, until the system lets it run.
SECONDS_ALL_WAIT = 0.2
# A worker that has been at one job for so long may go on until a task has slept.
SECONDS_AT_ONE_JOB = 5.0
# A thread that asks at least this often whether it is cancelled may work until it is.
SECONDS_BETWEEN_QUESTIONS = 1.0

# Keyed by the id of the token: a value may refer to its token, by the frame of a thread, and a
# dictionary with weak keys would then keep both alive for ever.
_of_loops: WeakValueDictionary[int, "Threads"] = WeakValueDictionary()
_stood: WeakKeyDictionary[threading.Thread, tuple[Place, float]] = WeakKeyDictionary()
"""Where threads stood that are older than the test, and since when. On Linux, which tells whether
they have slept all the while, it is remembered for the next test."""


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
        self.alone: Alone = Alone()
        """The threads that are no workers."""
        self.begin()
        _of_loops[id(token)] = self

    def begin(self) -> None:
        """Note which threads are older than the test that begins."""
        # To look where threads stand takes as long as a tenth of a short test.
        self._older = {thread for thread, _ in self._busy()} if len(ALIVE) > 1 else set()
        self.alone.begin(self._older)
        if not SLEEPS_ARE_TOLD:
            _stood.clear()
        self._looked_at: list[FrameType] = []
        self._asked: dict[int, float] = {}  # when each asked last whether it is cancelled
        # Since when workers have been at their jobs. The frames stay alive, see above.
        self._jobs: dict[FrameType, float] = {}
        self._pace = (math.nan, 0.0)  # the virtual and the real time since when only these work
        self._all_wait: tuple[set[Place], float] = set(), real.seconds()
        self._polling = Polling()
        self.error: Exception | None = None  # a deadlock, which cancelled what threads wait for

    def n_waiting(self) -> int:
        """Return how many workers wait for the event loop, without those that are abandoned."""
        return sum(any(tasks) for tasks in self.asking)

    def may_come_back(self) -> bool:
        """Tell whether another thread is at work, and may call the event loop afterwards."""
        return any(True for _ in self._who_may_come_back())

    def all_wait(self, instant: float) -> bool:
        """Tell whether all threads have waited for some time, each for another or for a task.

        After each `True`, the time starts anew: what runs then may wake a thread.

        Args:
            instant: The virtual time, in seconds.
        """
        counts = self._polling.counts_now()
        found = list(self._who_may_come_back())
        standing = [(it, frame) for it, frame in found if frame is not None and waits(frame)]
        all_stand = len(standing) == len(found)
        # One that was woken a moment ago has no place, or has slept once more.
        places = {place(it, frame) for it, frame in standing if all_stand}
        if None in places:
            places = set()
        now = real.seconds()
        before, since = self._all_wait
        # If there is none, one begins or ends its work.
        polls = counts and found and self._polling.count(instant, now, all_stand=all_stand)
        if polls and places:
            self._polling.is_told()
            return True
        if places != before:
            self._all_wait = places, now
            self._looked_at = [frame for _, frame in standing]
            return False
        if not places or now - since < SECONDS_ALL_WAIT:
            return False
        if any(ends_by_itself(frame) for _, frame in standing):
            return False  # unless it has waited for long enough to count as one that polls
        self._all_wait, self._looked_at = (set(), now), []
        return True

    def seconds_until_looked_again(self) -> float:
        """Return for how many real seconds to wait for workers, at most."""
        return self._polling.until_next

    def asks_whether_it_is_cancelled(self) -> None:
        """Note that this thread asks: it may work until a deadline cancels it."""
        self._asked[get_ident()] = real.seconds()

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

    def hold(self, watches_sockets: Callable[[], bool]) -> float | None:
        """As `Alone.hold`."""
        return self.alone.hold(self.waiting, watches_sockets)

    def _who_may_come_back(self) -> Iterator[tuple[threading.Thread, FrameType | None]]:
        main = main_thread()
        for thread, frame in self._busy():
            if thread is main or thread not in self._older or self._moves(thread, frame):
                yield thread, frame

    def _busy(self) -> Iterator[tuple[threading.Thread, FrameType | None]]:
        where, this = frames(), current_thread()
        for thread in threading.enumerate():
            frame = where.get(thread.ident or 0)
            counts = thread.ident not in self.waiting and not thread.name.startswith(LIMIT)
            if thread is not this and counts and not has_no_work(frame):
                yield thread, frame

    def _moves(self, thread: threading.Thread, frame: FrameType | None) -> bool:
        """Tell whether a thread has stood at another place in the last seconds."""
        if thread in OLDEST or frame is None:
            return False
        now, here = real.seconds(), place(thread, frame)
        before, since = _stood.get(thread, (here, now))
        if here is None or here != before:
            since = now
        _stood[thread] = here, since
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
        self._ident = get_ident() if for_ever else 0
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
