"""How long a comparison will take, said before it begins."""

import time
from collections.abc import Sequence
from typing import NamedTuple

from awaits.compare import measure
from awaits.compare.strategies import SEQUENTIAL, STRATEGIES

MARGIN = 1.5


class Alone(NamedTuple):
    """How one task did, alone.

    Attributes:
        seconds: How long it took.
        start: How many seconds it took to start the program that did it.
    """

    seconds: float
    start: float


def alone(workload: str) -> Alone:
    """Do one task.

    Args:
        workload: As for `workloads.find`.

    Returns:
        How it did.

    Raises:
        ValueError: There is no such workload, or its task failed.
    """
    before = time.monotonic()
    tried = measure.measure(SEQUENTIAL, workload, 1)
    if isinstance(tried, measure.Failed):
        raise ValueError(f"One task of {workload}, tried alone, {tried.reason}.")
    return Alone(tried.seconds, time.monotonic() - before - tried.seconds)


def at_most(alone: Alone, n_tasks: int, names: Sequence[str]) -> float:
    """Return how many seconds a comparison takes at most, if no task takes longer than that one.

    Args:
        alone: How one task did.
        n_tasks: How many tasks.
        names: The strategies.
    """
    starts = sum(STRATEGIES[name].starts for name in names)
    return MARGIN * (n_tasks * alone.seconds * len(names) + starts * alone.start)
