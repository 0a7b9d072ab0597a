"""A failing order of tasks, made small: fewer delays, and shorter ones.

Delta debugging (Zeller and Hildebrandt, 2002) over the delays, then over their lengths.
"""

from collections.abc import Callable, Iterator
from typing import TypeAlias, cast

from awaits.testing.deviations import Late
from awaits.testing.every import DelayDict
from awaits.testing.schedule import Schedule

StillFails: TypeAlias = Callable[[DelayDict], bool]


def shrink(schedule: Schedule, fails: Callable[[Schedule], bool], *, most: int = 200) -> Schedule:
    """Return a schedule with fewer and shorter delays that still fails.

    Args:
        schedule: One that fails, whose delays are a mapping.
        fails: Tells whether a schedule fails; it runs the test.
        most: How often it may be asked.
    """
    n_asked = 0
    cancel = schedule.cancel

    def still_fails(delays: DelayDict) -> bool:
        nonlocal n_asked
        n_asked += 1
        return n_asked <= most and fails(Schedule(delays, jitter=schedule.jitter, cancel=cancel))

    delays: DelayDict = dict(cast("DelayDict", schedule.delays))
    if cancel is not None:
        cancel = None
        if not still_fails(delays):
            cancel = schedule.cancel
    delays = _fewest(delays, still_fails)
    delays = _in_one_word(delays, still_fails)
    delays = _fewest(delays, still_fails)
    for key, late in list(delays.items()):
        for shorter in _shorter(late):
            changed = delays.copy()
            changed[key] = shorter
            if still_fails(changed):
                delays = changed
                break
    return Schedule(delays, jitter=schedule.jitter, cancel=cancel)


def _fewest(delays: DelayDict, still_fails: StillFails) -> DelayDict:
    n_parts = 2
    while delays:
        keys = list(delays)
        size = -(-len(keys) // n_parts)
        for start in range(0, len(keys), size):
            fewer: DelayDict = {key: delays[key] for key in keys[:start] + keys[start + size :]}
            if still_fails(fewer):
                delays, n_parts = fewer, max(n_parts - 1, 2)
                break
        else:
            if size == 1:
                break
            n_parts = min(len(keys), n_parts * 2)
    return delays


def _in_one_word(delays: DelayDict, still_fails: StillFails) -> DelayDict:
    """Replace several delays of a task by one, if that still fails: of one step, or of all."""
    for task in sorted({task for task, _ in delays}):
        own: DelayDict = {key: late for key, late in delays.items() if key[0] == task}
        if len(own) < 2:
            continue
        for word in _words(task, own):
            said: DelayDict = {key: late for key, late in delays.items() if key not in own}
            said.update(word)
            if still_fails(said):
                delays = said
                break
    return delays


def _words(task: int, own: DelayDict) -> Iterator[DelayDict]:
    """Yield single delays that may do what several of a task do."""
    total = 0
    for late in own.values():
        total += 0 if late == "idle" else late
    lates: tuple[Late, ...] = "idle", 1, 2, 4, 6, 8
    for key in own:
        yield {key: "idle"}
    for key in own:
        if total:
            yield {key: total}
    for late in lates:
        yield {(task, "every"): late}


def _shorter(late: Late) -> Iterator[Late]:
    """Yield what is simpler: one step, until nothing else can run, then fewer steps."""
    if late == 1:
        return
    yield 1
    if late == "idle":
        return
    yield "idle"
    yield from (late // 8, late // 4, late // 2) if late > 8 else range(2, late)
