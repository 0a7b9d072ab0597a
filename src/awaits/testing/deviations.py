"""Checks a schedule's arguments, which say how it deviates from the event loop's own order."""

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias, cast

from awaits.testing.loops.delays import IDLE_STEPS
from awaits.testing.loops.timekeeper import is_seconds

Late: TypeAlias = int | Literal["idle"]
"""How long a step is delayed: for so many steps of other tasks, or until nothing else can run."""

Delayed: TypeAlias = (
    Mapping[tuple[int, int], Late] | Mapping[tuple[int, int | Literal["every"]], Late]
)
"""Which steps are delayed, by task and step."""

Cancel: TypeAlias = int | tuple[int, int] | tuple[int, int, int]
"""Where to cancel: an await in the schedule's scope, or a task before one or two of its steps."""


_OR_IDLE = ", or 'idle' for a delay"


def checked_jitter(jitter: object) -> float:
    """Check a number of seconds, and return it as a plain number.

    Raises:
        ValueError: It is negative, infinite or not a number.
    """
    if not is_seconds(jitter):
        raise ValueError(f"jitter must be a number of seconds of at least 0, not {jitter!r}.")
    return int(jitter) if isinstance(jitter, int) else float(jitter)


def checked_delays(delays: object) -> Delayed:
    """Check a mapping of delays, and return it sorted by tasks and steps, with plain numbers."""
    if not isinstance(delays, Mapping):
        raise ValueError(f"delays must be a mapping such as {{(1, 2): 3}}, not {delays!r}.")
    plain: dict[tuple[int, int | Literal["every"]], Late] = {}
    for key, late in delays.items():
        if not (isinstance(key, tuple) and len(key) == 2):
            raise ValueError(f"delays must be a mapping such as {{(1, 2): 3}}, not {delays!r}.")
        task = _checked(key[0])
        step: int | Literal["every"] = "every"
        if key[1] != "every":
            step = _checked(key[1], ", or 'every' for a step")
        plain[task, step] = "idle" if late == "idle" else _checked(late, _OR_IDLE)
    return dict(sorted(plain.items(), key=lambda it: (it[0][0], it[0][1] == "every", it[0][1])))


def _checked(number: object, also: str = "") -> int:
    """Check a number of a schedule, and return it as a plain one, though it may be of an enum."""
    if not (isinstance(number, int) and not isinstance(number, bool) and number >= 1):
        raise ValueError(
            f"The numbers of a schedule must be whole numbers of at least 1{also}, not {number!r}."
        )
    return int(number)


def checked_cancel(cancel: object, *, native: object) -> Cancel | None:
    """Check what says where to cancel, and return it with plain numbers.

    Raises:
        ValueError: It is neither an await nor a task and its steps from 2 on, or does not fit
            `native`.
    """
    if not isinstance(native, bool):
        raise ValueError(f"native must be True or False, not {native!r}.")
    if native and cancel is None:
        raise ValueError(
            "native=True cancels a task: give cancel a task and one of its steps, such as (1, 2), "
            "or an await in the schedule's cancel scope, such as 3."
        )
    if not isinstance(cancel, tuple):
        return None if cancel is None else _checked(cancel)
    if len(cancel) == 3 and not native:
        raise ValueError(
            "A cancel scope cancels all that follows: a task is cancelled twice with native=True, "
            f"and otherwise once, such as {cancel[:2]!r}, not {cancel!r}."
        )
    if len(cancel) not in (2, 3) or cancel[1] == 1:
        raise ValueError(
            f"cancel must be a task and one of its steps from 2 on, such as (1, 2), not {cancel!r}."
        )
    task, step, *again = map(_checked, cancel)
    if not again:
        return task, step
    if step >= again[0]:
        raise ValueError(f"The steps of cancel must be in ascending order, not {cancel!r}.")
    return task, step, again[0]


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
    """Check how many steps a delay lasts, and return it: a whole number of at least 0."""
    if isinstance(late, bool) or late != 0:
        return _checked(late, f"{_OR_IDLE}, or 0 for no delay")
    return 0
