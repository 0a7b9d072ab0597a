"""The virtual clock for users: one class for asyncio and trio.

A test may sleep for an hour and still end at once. Time stands still while anything in the event
loop can run. Then it moves exactly to the next deadline. Go's `testing/synctest`, tokio's paused
time and kotlinx's `runTest` promise the same.
"""

from datetime import datetime

from awaits.testing.loops.timekeeper import TURNS, Timekeeper


class VirtualClock:
    """The time of an event loop, in seconds since the run began.

    When nothing else can run, it moves to the next deadline by itself. A test can also hold it, and
    move it forward by hand.

    Args:
        idle: How many real seconds must pass without an event before each move. This is for what
            the event loop does not know of: another process, another server.
        wall: Whether `time.time()`, `datetime.now()` and the like move as well: `True` begins now,
            a `datetime` at that instant (without a timezone, UTC). Needs time-machine.
        turns: How many turns of the event loop there may be at one instant; after them, on trio
            after a tenth more at the latest, `LivelockError` is raised, unless a thread is at work.

    Raises:
        ValueError: `idle` is negative, infinite or not a number, `wall` is neither a bool nor a
            `datetime` of the years 2 to 9998, `turns` is not a whole number of at least 10, or
            time-machine is needed and not installed.
    """

    def __init__(
        self, *, idle: float = 0.0, wall: bool | datetime = False, turns: int = TURNS
    ) -> None:
        self._timekeeper = Timekeeper(idle=idle, wall=wall, turns=turns)

    def time(self) -> float:
        """Return the seconds since the run began. In the event loop, `anyio.current_time()`."""
        return self._timekeeper.now

    def hold(self) -> None:
        """Stop here: time moves only by `advance`, until `release` or the end of the run.

        Before a run, it holds the next one at 0.0.
        """
        self._timekeeper.hold()

    def release(self) -> None:
        """Let time move by itself again."""
        self._timekeeper.release()

    async def advance(self, seconds: float) -> None:
        """Move forward, stopping at every deadline on the way.

        Args:
            seconds: How far.

        Returns:
            Nothing, once everything that is due by then has run, and nothing else can run.

        Raises:
            ValueError: `seconds` is negative, infinite or not a number.
            RuntimeError: No event loop runs in this clock's time.
        """
        await self._timekeeper.advance(seconds)


def timekeeper_of(clock: VirtualClock) -> Timekeeper:
    """Return the `Timekeeper` behind a clock, for the event loops and for the pytest plugin."""
    return clock._timekeeper  # pyright: ignore[reportPrivateUsage]


def follow(clock: VirtualClock, other: VirtualClock) -> None:
    """From now on, let a clock show and move the time of another one."""
    clock._timekeeper = other._timekeeper  # pyright: ignore[reportPrivateUsage]
