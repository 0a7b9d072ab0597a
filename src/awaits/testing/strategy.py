"""The Hypothesis strategy that draws schedules, for tests that draw other things, too."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, TypeVar

from awaits.testing.deviations import Late
from awaits.testing.schedule import Schedule

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

T = TypeVar("T")


def _each(*parts: tuple[int, Iterable[T]]) -> list[T]:
    return [it for times, those in parts for _ in range(times) for it in those]


# Nobody knows before the run how many tasks and steps there will be, so the first ones are the
# likeliest. Hypothesis draws from a list in half the time that integers of several ranges take, and
# takes the first item for the simplest.
_TASKS = _each((8, range(1, 3)), (12, range(1, 5)), (1, range(1, 33)))
_STEPS: list[int | Literal["every"]] = _each(
    (21, range(1, 4)), (8, range(1, 9)), (1, range(1, 65)), (64, ["every"])
)
_LATES: list[Late] = _each((4, range(1, 4)), (13, ["idle"]), (1, [2**n for n in range(13)]))
_AWAITS = _each((8, range(4)), (5, range(7)), (1, range(33)))


def schedules(*, jitter: float = 0.0) -> "SearchStrategy[Schedule]":
    """Return a Hypothesis strategy that draws schedules; the simplest is the loop's own order.

    Some cancel their cancel scope, at one of its first 32 awaits. A few steps are delayed, of the
    first 32 tasks and the first 64 steps of each, or all steps of a task.

    Args:
        jitter: How late a step may be, in seconds of virtual time, where the sleeps of a test stand
            for calls of unknown length.
    """
    from hypothesis import strategies as st  # noqa: PLC0415 schedules are of use without it

    keys = st.tuples(st.sampled_from(_TASKS), st.sampled_from(_STEPS))
    delays = st.dictionaries(keys, st.sampled_from(_LATES), max_size=8)
    awaits = st.sampled_from(_AWAITS)

    @st.composite
    def draw_schedule(draw: st.DrawFn) -> Schedule:
        return Schedule(draw(delays), jitter=jitter, cancel=draw(awaits) or None)

    return draw_schedule()
