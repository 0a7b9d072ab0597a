"""The deviations of a schedule from the event loop's own order, as a user gives them, checked."""

import math
from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias, cast

from awaits.testing.loops.delays import IDLE_STEPS

Late: TypeAlias = int | Literal["idle"]
"""How long a step is delayed: until others have taken so many, or until nothing else can run."""

Delayed: TypeAlias = (
    Mapping[tuple[int, int], Late] | Mapping[tuple[int, int | Literal["every"]], Late]
)
"""Which steps are delayed, by task and step."""


def check_jitter(jitter: object) -> None:
    """Refuse what is no number of seconds.

    Raises:
        ValueError: It is negative, infinite or no number.
    """
    if (
        isinstance(jitter, bool)
        or not isinstance(jitter, int | float)
        or not 0 <= jitter < math.inf
    ):
        raise ValueError(f"jitter must be a number of seconds of at least 0, not {jitter!r}.")


def checked_delays(delays: object) -> Delayed:
    """Return a mapping of delays, in the order of tasks and steps, if it is one."""
    if not isinstance(delays, Mapping):
        raise ValueError(f"delays must be a mapping such as {{(1, 2): 3}}, not {delays!r}.")
    for key, late in delays.items():
        if not (isinstance(key, tuple) and len(key) == 2):
            raise ValueError(f"delays must be a mapping such as {{(1, 2): 3}}, not {delays!r}.")
        task, step = key
        _check(task)
        if step != "every":
            _check(step)
        if late != "idle":
            _check(late)
    return dict(sorted(delays.items(), key=lambda it: (it[0][0], it[0][1] == "every", it[0][1])))


def _check(number: object) -> None:
    if not (isinstance(number, int) and not isinstance(number, bool) and number >= 1):
        raise ValueError(f"A schedule's numbers must be whole ones of at least 1, not {number!r}.")


def check_cancel(cancel: object) -> None:
    """Refuse what is no place of a cancellation.

    Raises:
        ValueError: It is neither an await nor a task and one of its steps from 2 on.
    """
    if not isinstance(cancel, tuple):
        _check(cancel)
        return
    if len(cancel) != 2 or cancel[1:] == (1,):
        raise ValueError(
            f"cancel must be a task and one of its steps from 2 on, such as (1, 2), not {cancel!r}."
        )
    for number in cancel:
        _check(number)


def delay_of(delays: Delayed | Callable[[int, int], Late]) -> Callable[[int, int], int]:
    """Return a function that tells for how many steps of others a step is delayed."""
    if callable(delays):
        function = delays

        def asked(task: int, step: int) -> int:
            late = function(task, step)
            if late == "idle":
                return IDLE_STEPS
            return _checked_steps(late)

        return asked
    steps = {key: IDLE_STEPS if late == "idle" else late for key, late in delays.items()}
    get = cast("dict[tuple[int, int], int]", steps).get
    every = {task: late for (task, step), late in steps.items() if step == "every"}
    if not every:
        return lambda task, step: get((task, step), 0)
    return lambda task, step: get((task, step), 0) or every.get(task, 0)


def _checked_steps(late: object) -> int:
    """Return how many steps a delay lasts, if it is a whole number, or 0."""
    if isinstance(late, bool) or late != 0:
        _check(late)
    return cast("int", late)
