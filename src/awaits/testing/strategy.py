"""The Hypothesis strategy that draws schedules, for tests that draw other things, too."""

from typing import TYPE_CHECKING, Literal

from awaits.testing.deviations import Late
from awaits.testing.schedule import Schedule

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

# How many tasks and steps there will be, nobody knows before the run: the first ones are the
# likeliest. To draw from a list takes Hypothesis half as long as from integers of several ranges,
# and what comes first in it is the simplest.
_TASKS = [1, 2] * 16 + [1, 2, 3, 4] * 8 + [*range(1, 33)]
_STEPS: list[int | Literal["every"]] = [1, 2, 3] * 21 + [*range(1, 9)] * 8 + [*range(1, 65)]
_STEPS += ["every"] * 64
_LATES: list[Late] = [1, 2, 3] * 4
_LATES += ["idle"] * 13
_LATES += [2**n for n in range(13)]
_AWAITS = [*range(4)] * 8 + [*range(7)] * 5 + [*range(33)]


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
    delays = st.dictionaries(keys, st.sampled_from(_LATES), max_size=4)
    awaits = st.sampled_from(_AWAITS)

    @st.composite
    def draw_schedule(draw: st.DrawFn) -> Schedule:
        return Schedule(draw(delays), jitter=jitter, cancel=draw(awaits) or None)

    return draw_schedule()
