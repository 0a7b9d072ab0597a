"""The Hypothesis strategy that draws schedules, for tests that draw other things, too."""

from typing import TYPE_CHECKING, Literal

from awaits.testing.schedule import Schedule

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


def schedules(*, jitter: float = 0.0) -> "SearchStrategy[Schedule]":
    """Return a Hypothesis strategy that draws schedules; the simplest is the loop's own order.

    Some cancel their cancel scope, at one of its first 32 awaits. A few steps are delayed, of the
    first 32 tasks and the first 64 steps of each, or all steps of a task.

    Args:
        jitter: How late a step may be, in seconds of virtual time, where the sleeps of a test stand
            for calls of unknown length.
    """
    from hypothesis import strategies as st  # noqa: PLC0415 schedules are of use without it

    # How many tasks and steps there will be, nobody knows before the run. The first ones are the
    # likeliest; lengths are of any order of magnitude.
    tasks = st.integers(1, 2) | st.integers(1, 4) | st.integers(1, 32)
    every: list[Literal["every"]] = ["every"]
    idle: list[Literal["idle"]] = ["idle"]
    steps = st.integers(1, 3) | st.integers(1, 8) | st.integers(1, 64) | st.sampled_from(every)
    lates = st.integers(1, 3) | st.sampled_from(idle) | st.integers(0, 12).map(lambda n: 2**n)
    awaits = st.integers(0, 3) | st.integers(0, 6) | st.integers(0, 32)

    delays = st.dictionaries(st.tuples(tasks, steps), lates, max_size=12)

    @st.composite
    def draw_schedule(draw: st.DrawFn) -> Schedule:
        return Schedule(draw(delays), jitter=jitter, cancel=draw(awaits) or None)

    return draw_schedule()
