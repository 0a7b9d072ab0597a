"""The engine of the virtual clock: it tells an event loop when time moves, and how far."""

import heapq
import itertools
import math
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import MAXYEAR, MINYEAR, datetime
from typing import Protocol, TypeGuard

import anyio

from awaits.testing.loops import real
from awaits.testing.wall import WallClock, check_time_machine

TURNS = 100_000
"""After how many turns at one instant an event loop counts as one that goes on for ever."""
LEAST_TURNS = 10
"""At fewer turns, tasks that were cancelled for that would count as stuck again before they end."""
SECONDS_BETWEEN_LOOKS = 1.0  # at most, while a thread holds time; usually a twentieth of it

ANOTHER_CLOCK = (
    "Something has replaced the event loop's time(): there can be only one clock; leave that one "
    "out, or mark the test real_time."
)


class Run(Protocol):
    """A run of an event loop in virtual time, as its clock and pytest's plugin see it."""

    def restart(self) -> bool:
        """Begin again at 0.0, unless a deadline is pending; return whether it was done."""
        ...

    def is_its_clock(self) -> bool:
        """Tell whether the event loop's own time is virtual, and no other plugin's."""
        ...

    def is_hidden(self) -> bool:
        """Tell whether something has replaced the clock of this one event loop."""
        ...

    def main_task(self) -> AbstractContextManager[None]:
        """Raise a deadlock as `DeadlockError` in the block, which runs in the current task."""
        ...


@dataclass(slots=True, order=True)
class _Advance:
    """A call of `advance`, and where it stops time."""

    target: float
    number: int
    arrived: anyio.Event = field(compare=False)
    is_over: bool = field(default=False, compare=False)


class Timekeeper:
    """Virtual time, in seconds since the run began, and where it stops.

    Args:
        idle: As for `VirtualClock`.
        wall: As for `VirtualClock`.
        turns: As for `VirtualClock`.

    Raises:
        ValueError: As for `VirtualClock`.
    """

    def __init__(
        self, *, idle: float = 0.0, wall: bool | datetime = False, turns: int = TURNS
    ) -> None:
        self.set_up(idle=idle, wall=wall, turns=turns)
        self.run: Run | None = None  # None between two runs
        self.now: float = 0.0
        self.n_turns: int = 0
        """In how many turns of the event loop in a row something could run. It is 0 again when a
        schedule opens: many schedules, one after another, are not a loop that goes on for ever."""
        self.n_livelocks: int = 0  # errors for that, in this test
        self.stood_still: float = 0.0
        """For how many real seconds threads at work have held virtual time, since it was 0.0."""
        self.stood_at: float = 0.0
        """Where they did so last, in virtual seconds."""
        self._looked = -math.inf  # the real time when such threads were last seen
        self._held_at = math.inf  # where time stops by itself
        self._advances: list[_Advance] = []  # a heap
        self._number = itertools.count()
        self._wall_clock: WallClock | None = None

    def set_up(self, *, idle: float, wall: bool | datetime, turns: int) -> None:
        """Take other arguments, for later runs."""
        _check(idle, wall, turns)
        if wall is not False:
            check_time_machine()
        self.idle: float = idle
        self.turns: int = turns
        self.wall: bool | datetime = wall

    def start(self, run: Run) -> None:
        """Begin at 0.0, as a run begins."""
        if self.run is not None:
            self.stop()
        self.run = run
        if self.wall is not False:
            self._wall_clock = WallClock(self.wall)
        self._begin()

    def restart(self) -> None:
        """Begin again at 0.0 in a run that goes on, unless a deadline is pending."""
        self.n_livelocks = 0
        if self.run is not None and self.run.restart():
            if self._held_at < math.inf:  # before the test began
                self._held_at = 0.0
            self._begin()
        else:
            self._set(self.now)  # also on the wall clock, which may show another event loop's time

    def stop(self) -> None:
        """Give the wall clock back, as a run ends."""
        self.run = None
        self.release()
        if self._wall_clock is not None:
            self._wall_clock.stop()
            self._wall_clock = None

    def hold(self) -> None:
        """As `VirtualClock.hold`."""
        self._held_at = 0.0 if self.run is None else self.now

    def release(self) -> None:
        """As `VirtualClock.release`."""
        self._held_at = math.inf

    def stand_still(self) -> None:
        """Note that a thread at work holds time; call this again and again as long as it does."""
        before, self._looked = self._looked, real.seconds()
        if self._looked - before < SECONDS_BETWEEN_LOOKS:
            self.stood_still += self._looked - before
            self.stood_at = self.now

    async def advance(self, seconds: float) -> None:
        """As `VirtualClock.advance`."""
        if not is_seconds(seconds):
            raise ValueError(f"seconds must be a finite number of at least 0, not {seconds!r}.")
        if self.run is None:
            raise RuntimeError(
                "No event loop runs in this clock's time: give it to virtual_time(backend, clock), "
                "or have the test take the fixture virtual_clock."
            )
        advance = _Advance(self.now + seconds, next(self._number), anyio.Event())
        heapq.heappush(self._advances, advance)
        try:
            await advance.arrived.wait()
        finally:
            advance.is_over = True  # it leaves the heap when it comes to the top

    def move(self, deadline: float, *, latest: float = math.inf) -> bool:
        """Move to the next stop, now that nothing can run.

        Args:
            deadline: The event loop's next one, in virtual time; infinite if there is none.
            latest: How far time may move.

        Returns:
            Whether time has moved, so that something can run. It does not move if there is no next
            stop, if that is later than `latest`, or if time is held.
        """
        advances = self._advances
        while advances and advances[0].is_over:
            heapq.heappop(advances)
        if advances and advances[0].target < deadline:
            target = max(self.now, advances[0].target)
            if target > latest:
                return False
            arrived = heapq.heappop(advances).arrived
            self._set(target)
            arrived.set()
        elif deadline <= latest and deadline < math.inf and (deadline <= self._held_at or advances):
            self._set(deadline)
        else:
            return False
        return True

    def _begin(self) -> None:
        self.stood_still, self.n_livelocks = 0.0, 0
        self._advances.clear()
        self._set(0.0)

    def _set(self, now: float) -> None:
        self.now = now
        if self._wall_clock is not None:
            self._wall_clock.move(now)


def is_seconds(number: object) -> TypeGuard[float]:
    """Tell whether something is a finite number of at least 0, as all arguments in seconds are."""
    return (
        isinstance(number, int | float)
        and not isinstance(number, bool)
        and 0 <= number <= sys.float_info.max  # which an int may exceed
    )


def _check(idle: object, wall: object, turns: object) -> None:
    """Refuse what no clock can be made of, though a type checker has not seen it."""
    if not is_seconds(idle):
        raise ValueError(f"idle must be a number of seconds of at least 0, not {idle!r}.")
    if not isinstance(wall, bool | datetime):
        raise ValueError(f"wall must be True, False or a datetime, not {wall!r}.")
    if isinstance(wall, datetime) and not MINYEAR < wall.year < MAXYEAR:  # for any timezone
        raise ValueError(f"wall must be in one of the years 2 to 9998, not {wall}.")
    if isinstance(turns, bool) or not isinstance(turns, int) or turns < LEAST_TURNS:
        raise ValueError(f"turns must be a whole number of at least {LEAST_TURNS}, not {turns!r}.")
