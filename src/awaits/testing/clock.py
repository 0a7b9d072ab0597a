"""Virtual time: one clock for asyncio and trio.

A test that sleeps for an hour should say so, and end at once. Time stands still while anything in
the event loop can run, and then moves to the next deadline, exactly: the promise of Go's
`testing/synctest`, tokio's paused time and kotlinx's `runTest`.
"""

import heapq
import itertools
import math
import time
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Protocol

import anyio

from awaits.testing import backends


class EventLoop(Protocol):
    """What the clock asks of the event loop that it drives."""

    def restart(self) -> bool:
        """Begin again at 0.0, unless a deadline is pending; return whether it was done."""
        ...

    def main_task(self) -> AbstractContextManager[None]:
        """Have a deadlock raise `DeadlockError` in the block, which runs in the current task."""
        ...


class VirtualClock:
    """The time of an event loop, in seconds since the run began.

    It moves by itself, whenever nothing else can run, to the next deadline. It can be held, and
    moved forward by hand.

    Args:
        idle: Seconds of real quiet to wait before each move, for what lives outside the event loop
            and is not known to it: another process, another server.
        wall: Whether `time.time()`, `datetime.now()` and the like move as well: `True` from now,
            or the instant to begin with (without a timezone, UTC). Needs time-machine.

    Raises:
        ValueError: `idle` is negative, infinite or no number.
    """

    def __init__(self, *, idle: float = 0.0, wall: bool | datetime = False) -> None:
        self.set_up(idle=idle, wall=wall)
        self.loop: EventLoop | None = None
        self.now: float = 0.0
        self._horizon = math.inf  # where it stops by itself
        self._advances: list[tuple[float, int, anyio.Event]] = []  # a heap of where to stop by hand
        self._number = itertools.count()
        self._wall_clock: WallClock | None = None

    def time(self) -> float:
        """Return the seconds since the run began. In the event loop, `anyio.current_time()`."""
        return self.now

    def hold(self) -> None:
        """Stop here: time moves only by `advance`, until `release`."""
        self._horizon = self.now

    def release(self) -> None:
        """Let time move by itself again."""
        self._horizon = math.inf

    async def advance(self, seconds: float) -> None:
        """Move forward, stopping at every deadline on the way.

        Args:
            seconds: How far.

        Returns:
            When everything that was due by then has run, and nothing else can.

        Raises:
            ValueError: `seconds` is negative, infinite or no number.
        """
        if not 0 <= seconds < math.inf:
            raise ValueError(f"seconds must be a finite number of at least 0, not {seconds!r}.")
        arrived = anyio.Event()
        advance = (self.now + seconds, next(self._number), arrived)
        heapq.heappush(self._advances, advance)
        try:
            await arrived.wait()
        finally:
            if advance in self._advances:
                self._advances.remove(advance)
                heapq.heapify(self._advances)

    # The rest is for the event loops and for pytest's plugin.

    def set_up(self, *, idle: float, wall: bool | datetime) -> None:
        """Take other arguments, for the runs that follow."""
        if not 0 <= idle < math.inf:
            raise ValueError(f"idle must be a number of seconds of at least 0, not {idle!r}.")
        self.idle: float = idle
        self.wall: bool | datetime = wall

    def start(self, loop: EventLoop) -> None:
        """Begin at 0.0, as a run begins."""
        self.stop()
        self.loop = loop
        if self.wall is not False:
            self._wall_clock = WallClock(self.wall)
        self._reset()

    def restart(self) -> None:
        """Begin again at 0.0 in a run that goes on, unless a deadline is pending."""
        if self.loop is not None and self.loop.restart():
            self._reset()

    def stop(self) -> None:
        """Give the wall clock back, as a run ends."""
        self.loop = None
        if self._wall_clock is not None:
            self._wall_clock.stop()
            self._wall_clock = None

    def move(self, deadline: float) -> bool:
        """Move to the next stop, now that nothing can run.

        Args:
            deadline: The event loop's next one, in its time; infinite if there is none.

        Returns:
            Whether anything can run now: not if there is no next stop, or time is held.
        """
        if self._advances and self._advances[0][0] < deadline:
            target, _, arrived = heapq.heappop(self._advances)
            self._set(max(self.now, target))
            arrived.set()
        elif deadline < math.inf and (deadline <= self._horizon or self._advances):
            self._set(deadline)
        else:
            return False
        return True

    def _reset(self) -> None:
        self._horizon = math.inf
        self._advances.clear()
        self._set(0.0)

    def _set(self, now: float) -> None:
        self.now = now
        if self._wall_clock is not None:
            self._wall_clock.move(now)


class WallClock:
    """`time.time()`, `datetime.now()` and the like, moved by time-machine as virtual time moves."""

    def __init__(self, began: bool | datetime) -> None:
        try:
            import time_machine  # noqa: PLC0415 an extra
        except ImportError:
            raise ValueError(
                "The wall clock is moved by time-machine, which is not installed; "
                "install it with: pip install time-machine"
            ) from None
        if isinstance(began, datetime):
            began = began if began.tzinfo else began.replace(tzinfo=UTC)
            self._began = began.timestamp()
        else:
            self._began = time.time()
        self._travel = time_machine.travel(self._began, tick=False)
        self._traveller = self._travel.start()

    def move(self, now: float) -> None:
        """Show the instant that is `now` seconds after the beginning."""
        self._traveller.move_to(self._began + now)

    def stop(self) -> None:
        """Show the real time again."""
        self._travel.stop()


def virtual_time(
    backend: str,
    clock: VirtualClock | None = None,
    *,
    idle: float = 0.0,
    wall: bool | datetime = False,
) -> dict[str, object]:
    """Return the options that make `anyio.run` run in virtual time.

    Args:
        backend: The `backend` that `anyio.run` is given: `asyncio` or `trio`.
        clock: A clock to hold and to move by hand; without one, each run has its own.
        idle: As for `VirtualClock`; for a clock of its own.
        wall: As for `VirtualClock`; for a clock of its own.

    Returns:
        What to give as `backend_options`.

    Raises:
        ValueError: There is no such backend, it is not installed, or it has no virtual time.
    """
    check_virtual(backend)

    def make() -> VirtualClock:
        return VirtualClock(idle=idle, wall=wall) if clock is None else clock

    if backend == "trio":
        from awaits.testing import _trio  # noqa: PLC0415 trio may not be installed

        return _trio.options(make())

    from awaits.testing import _asyncio  # noqa: PLC0415 it imports this module

    return {"loop_factory": lambda: _asyncio.VirtualEventLoop(make())}


def check_virtual(backend: str) -> None:
    """Say in a sentence why time cannot be virtual on an event loop, if it cannot.

    Args:
        backend: The name of an event loop.

    Raises:
        ValueError: There is no such event loop, it is not installed, or it has no virtual time.
    """
    backends.check(backend)
    if backend == "asyncio+uvloop":
        raise ValueError(
            "Time cannot be virtual on asyncio+uvloop, which keeps its own timers; "
            "choose asyncio or trio."
        )
