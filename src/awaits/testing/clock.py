"""The virtual clock, as a user holds it: one clock for asyncio and trio.

A test that sleeps for an hour should say so, and end at once. Time stands still while anything in
the event loop can run, and then moves to the next deadline, exactly: the promise of Go's
`testing/synctest`, tokio's paused time and kotlinx's `runTest`.
"""

from datetime import datetime

from awaits.testing.loops.timekeeper import TURNS, Timekeeper


class VirtualClock:
    """The time of an event loop, in seconds since the run began.

    It moves by itself, whenever nothing else can run, to the next deadline. It can be held, and
    moved forward by hand.

    Args:
        idle: Seconds of real quiet to wait before each move, for what lives outside the event loop
            and is not known to it: another process, another server.
        wall: Whether `time.time()`, `datetime.now()` and the like move as well: `True` from now,
            or the instant to begin with (without a timezone, UTC). Needs time-machine.
        turns: How many turns of the event loop there may be at one instant; the next one raises
            `LivelockError`, unless a thread is at work.

    Raises:
        ValueError: `idle` is negative, infinite or no number, or `turns` is less than 1.
    """

    def __init__(
        self, *, idle: float = 0.0, wall: bool | datetime = False, turns: int = TURNS
    ) -> None:
        self._timekeeper = Timekeeper(idle=idle, wall=wall, turns=turns)

    def time(self) -> float:
        """Return the seconds since the run began. In the event loop, `anyio.current_time()`."""
        return self._timekeeper.now

    def hold(self) -> None:
        """Stop here: time moves only by `advance`, until `release`."""
        self._timekeeper.hold()

    def release(self) -> None:
        """Let time move by itself again."""
        self._timekeeper.release()

    async def advance(self, seconds: float) -> None:
        """Move forward, stopping at every deadline on the way.

        Args:
            seconds: How far.

        Returns:
            When everything that was due by then has run, and nothing else can.

        Raises:
            ValueError: `seconds` is negative, infinite or no number.
        """
        await self._timekeeper.advance(seconds)


def timekeeper_of(clock: VirtualClock) -> Timekeeper:
    """Return the engine of a clock, for the event loops and for pytest's plugin."""
    return clock._timekeeper  # pyright: ignore[reportPrivateUsage]


def follow(clock: VirtualClock, other: VirtualClock) -> None:
    """Have a clock show, and steer, the time of another from here on."""
    clock._timekeeper = other._timekeeper  # pyright: ignore[reportPrivateUsage]
