"""Where the tasks of an event loop stand, a line for each, and which of them wait in a ring."""

import functools
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from awaits.testing.deadlock import Place, place
from awaits.testing.loops.waits import Here, Inside, Look, Wait

MOST_NAMED = 5  # tasks, in one line
_UNNAMED = re.compile(r"Task-\d+|None")  # by asyncio itself
_OF_PYTEST_TRIO = re.compile(r"<(?:test|fixture) '(.*)'>")


class Standing(NamedTuple):
    """Where a task stands."""

    task: object
    number: int  # 0 for a main task that has none yet
    name: str
    is_main: bool
    does: str
    place: Place | None
    wait: Wait | None


def standing(
    tasks: Iterable[Here], look: Look, number_of: Callable[[object], int] | None = None
) -> list[Standing]:
    """Return where tasks stand, each with a number of its own.

    Args:
        tasks: The tasks of an event loop.
        look: Tells what tasks wait for in the event loop's own code.
        number_of: Returns the number that a task has already; 0 if it has none.
    """
    here = list(tasks)
    inside = Inside(lambda: here)
    found = [
        Standing(
            it.task,
            number_of(it.task) if number_of else 0,
            title(it.name, where := place(it.coroutine), it.coroutine),
            it.is_main,
            it.does,
            where,
            inside.wait_of(it, look) if it.does == "waits" else None,
        )
        for it in here
    ]
    # An event loop keeps its tasks in a set: without sorting, each run would list them differently.
    found.sort(key=lambda it: (not it.is_main, it.number or sys.maxsize, it.name, *_looks(it)))
    free = max((it.number for it in found), default=0)
    numbered: list[Standing] = []
    for it in found:
        if not (it.number or it.is_main):
            free += 1
            it = it._replace(number=free)  # noqa: PLW2901 it is the same task
        numbered.append(it)
    return numbered


def _looks(it: Standing) -> tuple[str, str]:
    return str(it.place), it.wait.what if it.wait else ""


def title(name: str, where: Place | None, coroutine: object = None) -> str:
    """Return what to call a task: by its function, and by the name that the user gave it.

    Args:
        name: What the event loop calls it; pytest-trio calls it such as `<test 'test_it'>`.
        where: Where it stands.
        coroutine: What it runs.
    """
    qualname = str(getattr(coroutine, "__qualname__", "")) if where is None else ""
    return _title(name, None if where is None else where.function, qualname)


@functools.lru_cache(1_000)  # called at each step of a task that is traced
def _title(name: str, function: str | None, qualname: str) -> str:
    function = function and _short(function)
    if " at 0x" in name or name == "functools":  # the text of an object; anyio's for a `partial`
        name = "None"
    if of_pytest_trio := _OF_PYTEST_TRIO.fullmatch(name):
        return function or of_pytest_trio[1]
    if function is None and _UNNAMED.fullmatch(name):
        name = qualname or name
    short = _short(name)
    parts = name.split(".")
    for n in range(len(parts) - 1, 0, -1):
        if ".".join(parts[:n]) in sys.modules:  # the libraries' own names begin with a module's
            return function or short.removeprefix(f"{'.'.join(parts[:n])}.")
    if function is None or not short:
        return short
    if _UNNAMED.fullmatch(name) or short == function:
        return function
    return f"{function} {short!r}"


def _short(name: str) -> str:
    return name.rpartition("<locals>.")[2]


def told(tasks: Sequence[Standing]) -> list[str]:
    """Tell where tasks stand, a line for each, and which of them wait for one another in a ring.

    Args:
        tasks: All tasks that there are.
    """
    lines: list[str] = []
    for it in tasks:
        where = f" at {it.place}" if it.place else ""
        what = f", for {say_wait(it.wait, tasks)}" if it.wait else ""
        lines.append(f"{_say_task(it)} {it.does}{where}{what}")
    return [*lines, *(_say_ring(ring) for ring in rings(tasks))]


def _say_task(it: Standing) -> str:
    name = "the main task" if it.is_main else it.name
    return f"task {it.number}, {name}," if it.number else name


def say_wait(wait: Wait, tasks: Sequence[Standing]) -> str:
    """Say what a task waits for, and who holds it."""
    held = [it for holder in wait.holders for it in tasks if it.task is holder]
    held.sort(key=lambda it: it.number)
    if not held:
        return wait.what
    mains = ["the main task" for it in held if it.is_main]
    others = [str(it.number) for it in held if not it.is_main]
    if len(others) > MOST_NAMED:
        others[MOST_NAMED:] = [f"{len(others) - MOST_NAMED} more"]
    named = [f"{'task' if len(others) == 1 else 'tasks'} {_joined(others)}"] if others else []
    return f"{wait.what}{', held by' if wait.is_held else ''} {_joined([*mains, *named])}"


def _joined(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def rings(tasks: Sequence[Standing]) -> list[list[Standing]]:
    """Return the tasks that wait in a ring: each for something that the next one holds."""
    by_task = {id(it.task): it for it in tasks}
    found: list[list[Standing]] = []
    seen: set[int] = set()
    for first in tasks:
        path: list[Standing] = []
        it: Standing | None = first
        while it is not None and id(it.task) not in seen:
            seen.add(id(it.task))
            path.append(it)
            # With several holders, it is not certain for which of them the task waits.
            alone = it.wait.holders if it.wait and len(it.wait.holders) == 1 else ()
            it = by_task.get(id(alone[0])) if alone else None
        if it is not None and any(it is step for step in path):
            found.append(path[next(n for n, step in enumerate(path) if step is it) :])
    return found


def _say_ring(ring: Sequence[Standing]) -> str:
    whos = ["the main task" if it.is_main else f"task {it.number}" for it in ring]
    if len(ring) == 1:
        return f"{whos[0]} waits for what it holds itself"
    pairs = zip(whos, [*whos[1:], whos[0]], strict=True)
    waits = ", ".join(f"{one} for {other}" for one, other in pairs)
    return f"they wait for one another in a ring: {waits}"
