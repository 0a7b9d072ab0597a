"""What runs the steps of tasks, as it is seen in a stack.

Private names, which tests/testing/loops/test_private_names.py watches: the functions inside of
which asyncio and trio run all that they run, and trio's class of a run.
"""

from types import FrameType

# By module and function; uvloop does it in C.
_RUN_STEPS = {("asyncio.events", "_run"), ("trio._core._run", "unrolled_run")}

RUN_OF_TRIO = "trio._core._run.Runner"
"""From which everything of a run can be reached."""


def runs_steps(frame: FrameType) -> bool:
    """Tell whether a frame is the event loop's, and what it has called is the step of a task."""
    return (frame.f_globals.get("__name__"), frame.f_code.co_name) in _RUN_STEPS
