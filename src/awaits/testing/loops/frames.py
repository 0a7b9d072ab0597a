"""Finds in a stack the functions of event loops that run the steps of tasks.

Private names, which tests/testing/loops/test_private_names.py watches: the functions in which
asyncio and trio run everything, and trio's class for a run.
"""

from types import FrameType

# By module and function; uvloop does it in C.
_RUN_STEPS = {("asyncio.events", "_run"), ("trio._core._run", "unrolled_run")}

RUN_OF_TRIO = "trio._core._run.Runner"
"""The class of the object from which everything in a run can be reached."""


def runs_steps(frame: FrameType) -> bool:
    """Tell whether a frame is that of the event loop's function that calls the steps of tasks."""
    return (frame.f_globals.get("__name__"), frame.f_code.co_name) in _RUN_STEPS
