"""The work that strategies are compared on: waiting, computing, both, or a user's own function."""

import contextlib
import importlib
import inspect
import time

import anyio

from awaits.compare.work import Work

PAUSE_SECONDS = 0.1
TURNS = 2_500_000  # of the loop in `compute`: on a machine of 2024, about as long as the pause


def pause(_task_number: int) -> None:
    """Wait, as a call to a server does."""
    time.sleep(PAUSE_SECONDS)


async def pause_in_task(_task_number: int) -> None:
    """Wait, and let other tasks run meanwhile."""
    await anyio.sleep(PAUSE_SECONDS)


def compute(_task_number: int) -> None:
    """Compute, in Python. Nothing in it can be awaited."""
    total = 0
    for number in range(TURNS):
        total += number


def both(task_number: int) -> None:
    """Wait, as for data; then compute."""
    pause(task_number)
    compute(task_number)


async def both_in_task(task_number: int) -> None:
    """Wait, and let other tasks run meanwhile; then compute, while no other task can run."""
    await pause_in_task(task_number)
    compute(task_number)


WORKLOADS: dict[str, Work] = {
    "pause": Work(pause, pause_in_task),
    "cpu": Work(compute, compute),
    "mixed": Work(both, both_in_task),
}


def find(name: str) -> Work:
    """Return the work of that name.

    Args:
        name: One of `WORKLOADS`, or a function as `package.module:function`. The function takes a
            task's number and may be async. Its module is imported.

    Returns:
        The work.

    Raises:
        ValueError: There is no such work, or the function cannot be called with a number alone.
    """
    if name in WORKLOADS:
        return WORKLOADS[name]
    module, _, attribute = name.partition(":")
    if not (module and attribute):
        raise ValueError(
            f"There is no workload {name!r}; choose from {', '.join(WORKLOADS)}, or name a "
            "function of yours as package.module:function."
        )
    try:
        function: object = getattr(importlib.import_module(module), attribute)
    except Exception as error:
        raise ValueError(f"{name} cannot be imported: {type(error).__name__}: {error}.") from error
    if not callable(function):
        raise ValueError(f"{name} must be a function of a task's number, not {function!r}.")
    try:
        with contextlib.suppress(ValueError):  # some functions written in C have no signature
            inspect.signature(function).bind(1)
    except TypeError as error:
        raise ValueError(f"{name} must be a function of a task's number: {error}.") from error
    return Work(function, function)
