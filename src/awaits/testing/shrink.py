"""A failing order of tasks, made small: fewer delays, and shorter ones.

Delta debugging (Zeller and Hildebrandt, 2002) over the delays, then over their lengths.
"""

import math
from collections.abc import Callable, Iterator
from typing import TypeAlias, cast

from awaits.testing.deviations import Late
from awaits.testing.every import DelayDict
from awaits.testing.schedule import Schedule

MOST_ROUNDS = 5  # two kinds of delays may replace each other again and again
MOST_WORDS = 12  # how many steps of a task are tried as the only one that is delayed

StillFails: TypeAlias = Callable[[DelayDict], bool]


def shrink(
    schedule: Schedule,
    fails: Callable[[Schedule], bool],
    *,
    most: int = 200,
    most_steps: float = math.inf,
) -> Schedule:
    """Return a schedule with fewer and shorter delays that still fails.

    Args:
        schedule: One that fails, whose delays are a mapping.
        fails: Tells whether a schedule fails; it runs the test.
        most: How often `fails` may be called. It is called once for each schedule.
        most_steps: After how many steps of tasks, in all these runs, it is called no more. A run
            that ends in a `LivelockError` has a hundred thousand.
    """
    n_asked = n_steps = 0
    smallest = schedule
    tried = {schedule: True}

    def still_fails(delays: DelayDict, cancelling: Schedule | None = None) -> bool:
        nonlocal n_asked, n_steps
        asked = _like(smallest if cancelling is None else cancelling, delays)
        if asked not in tried:
            n_asked += 1
            if n_asked > most or n_steps > most_steps:
                return False
            tried[asked] = fails(asked)
            n_steps += len(asked.ran)
        return tried[asked]

    delays: DelayDict = dict(cast("DelayDict", schedule.delays))
    for simpler in _simpler_cancellations(schedule):
        if still_fails(delays, simpler):
            smallest = simpler
            break
    for _ in range(MOST_ROUNDS):
        before = delays
        for _ in range(2):  # again, because fewer delays may be replaced more easily
            delays = _fewer(delays, still_fails)
        delays = _each_shorter(delays, still_fails)  # after which others may not be needed
        if delays == before:
            break
    return _like(smallest, delays)


def _like(schedule: Schedule, delays: DelayDict) -> Schedule:
    """Return the same schedule with other delays."""
    return Schedule(delays, jitter=schedule.jitter, cancel=schedule.cancel, native=schedule.native)


def _simpler_cancellations(schedule: Schedule) -> Iterator[Schedule]:
    """Yield schedules that cancel nothing, by a cancel scope, or once; the simplest first."""
    cancel, jitter = schedule.cancel, schedule.jitter
    if cancel is not None:
        yield Schedule(jitter=jitter)
    if schedule.native and isinstance(cancel, tuple):
        task, *steps = cancel
        for step in steps:
            yield Schedule(jitter=jitter, cancel=(task, step))
        for step in steps if len(steps) > 1 else ():
            yield Schedule(jitter=jitter, cancel=(task, step), native=True)


def _fewer(delays: DelayDict, still_fails: StillFails) -> DelayDict:
    if len(delays) < 2:
        return _fewest([delays], still_fails)
    # The fewer steps are delayed, the sooner a delay ends that counts the steps of others.
    longer: DelayDict = dict.fromkeys(delays, "idle")
    if longer != delays and still_fails(longer):
        delays = longer
    delays = _fewest(_by_task(delays), still_fails)
    delays = _in_one_word(delays, still_fails)
    return _fewest([{key: late} for key, late in delays.items()], still_fails)


def _by_task(delays: DelayDict) -> list[DelayDict]:
    by_task: dict[int, DelayDict] = {}
    for key, late in delays.items():
        by_task.setdefault(key[0], {})[key] = late
    return list(by_task.values())


def _fewest(parts: list[DelayDict], still_fails: StillFails) -> DelayDict:
    """Leave out as many parts of a schedule's delays as possible so that it still fails."""
    n_ways = 2
    while parts:
        size = -(-len(parts) // n_ways)
        for start in range(0, len(parts), size):
            fewer = parts[:start] + parts[start + size :]
            # The fewer steps are delayed, the sooner a delay ends that counts the steps of others.
            longer: list[DelayDict] = [dict.fromkeys(it, "idle") for it in fewer]
            found = next((it for it in (fewer, longer) if still_fails(_joined(it))), None)
            if found is not None:
                parts, n_ways = found, max(n_ways - 1, 2)
                break
        else:
            if size == 1:
                break
            n_ways = min(len(parts), n_ways * 2)
    return _joined(parts)


def _joined(parts: list[DelayDict]) -> DelayDict:
    return {key: late for part in parts for key, late in part.items()}


def _in_one_word(delays: DelayDict, still_fails: StillFails) -> DelayDict:
    """Replace several delays of a task by one, if that still fails: of one step, or of all."""
    for own in _by_task(delays):
        if len(own) < 2 and all(step != "every" for _, step in own):
            continue
        for word in _words(own):
            said: DelayDict = {key: late for key, late in delays.items() if key not in own}
            said.update(word)
            if len(said) > 1 and still_fails(word):
                return word  # alone, it does what the delays of all tasks did
            if said != delays and still_fails(said):
                delays = said
                break
    return delays


def _words(own: DelayDict) -> Iterator[DelayDict]:
    """Yield single delays that may do the same as several delays of a task."""
    task = next(iter(own))[0]
    total = sum(late for late in own.values() if late != "idle")
    lates: tuple[Late, ...] = "idle", 1, 2, 3, 4, 6, 8
    keys = list(own)
    some = keys[:: -(-len(keys) // MOST_WORDS)]  # evenly, if there are too many
    for key in some:
        yield {key: "idle"}
    for late in lates:
        yield {(task, "every"): late}
    for key in some if total else ():
        yield {key: total}


def _each_shorter(delays: DelayDict, still_fails: StillFails) -> DelayDict:
    for key, late in list(delays.items()):
        for shorter in _shorter(late):
            changed = delays.copy()
            changed[key] = shorter
            if still_fails(changed):
                delays = changed
                break
    return delays


def _shorter(late: Late) -> Iterator[Late]:
    """Yield simpler delays: of one step, until nothing else can run, then of fewer steps."""
    if late == 1:
        return
    yield 1
    if late == "idle":
        return
    yield "idle"
    yield from (late // 8, late // 4, late // 2) if late > 8 else range(2, late)
