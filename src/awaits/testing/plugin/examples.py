"""Draws an order of tasks for Hypothesis's current example, with Hypothesis's private names.

Read in Hypothesis 6.130 and 6.170: `hypothesis.control.current_build_context().data.draw`, which is
what `hypothesis.strategies.data` does.
"""

from hypothesis.control import BuildContext, current_build_context
from hypothesis.internal.conjecture.data import ConjectureData
from hypothesis.strategies import SearchStrategy

from awaits.testing.loops.fence import check_names
from awaits.testing.schedule import Schedule

check_names("hypothesis", {BuildContext: ["data"], ConjectureData: ["draw"]})


def draw(schedules: SearchStrategy[Schedule]) -> Schedule:
    """Draw a schedule for the example that Hypothesis runs now."""
    data = current_build_context().data
    # An `@example` is given in full, so there is nothing to draw. Older versions of Hypothesis
    # count in bytes how much may be drawn.
    if 0 in (getattr(data, "max_choices", None), getattr(data, "max_length", None)):
        return Schedule()
    return data.draw(schedules)
