"""Hypothesis's private side: an order of tasks, drawn for the example that runs.

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
    """Draw a schedule for the example that Hypothesis runs."""
    data = current_build_context().data
    # An example that is given in full, by `@example`, has nothing left to draw. Older versions
    # count in bytes what may be drawn.
    if 0 in (getattr(data, "max_choices", None), getattr(data, "max_length", None)):
        return Schedule()
    return data.draw(schedules)
