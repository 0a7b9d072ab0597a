"""Where each task of an event loop stands, what it waits for, and which tasks hold that.

What a task waits for is the `self` of the library's method that the user's code has awaited last.
Who holds it is asked of it, where it knows: anyio's and trio's locks and limiters do. Of the others
it is known which tasks are inside of an `async with` for it: Python keeps what leaves the block
among the values of the suspended coroutine.

The kinds that belong to one event loop stand in `_asyncio/waits.py` and `_trio/waits.py`.
"""

import functools
import gc
import math
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import FrameType, FunctionType, MethodType
from typing import Any, Literal, NamedTuple, TypeAlias, cast

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from awaits.testing.deadlock import Place, awaited, frames_of, is_of_a_library, place

MOST_NAMED = 5  # tasks, in one line
_UNNAMED = re.compile(r"Task-\d+|None")  # by asyncio itself
_LEAVING = ("__aexit__", "__exit__")


class Wait(NamedTuple):
    """What a task waits for."""

    what: str  # such as "Lock 'till'"; where it is looked for, `{}` stands for what it is called
    holders: tuple[object, ...] = ()  # tasks, or those of anyio's descriptions of them
    is_held: bool = True
    """Whether they hold it. If not, it is their end that is waited for."""


Does: TypeAlias = Literal["waits", "runs", "can run"]


class Here(NamedTuple):
    """A task, as its event loop knows it."""

    task: object
    name: str
    coroutine: object
    is_main: bool = False
    does: Does = "waits"
    wait: Wait | None = None  # as far as the event loop can tell


class Standing(NamedTuple):
    """Where a task stands."""

    task: object
    number: int  # 0 is a main task that has none yet
    name: str
    is_main: bool
    does: str
    place: Place | None
    wait: Wait | None


Look = Callable[[object, FrameType], Wait | None]
"""Tells what a task waits for in a library's method, given its `self`, or in a function."""


def standing(
    tasks: Iterable[Here], look: Look, number_of: Callable[[object], int] | None = None
) -> list[Standing]:
    """Return where tasks stand, each with a number of its own.

    Args:
        tasks: The tasks of an event loop.
        look: Tells of the event loop's own kinds.
        number_of: Returns the number that a task has already; 0 if it has none.
    """
    here = list(tasks)
    inside = _Inside(lambda: here)
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
    # An event loop keeps its tasks in a set: without an order of ours, each run tells another one.
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


def wait_of(task: Here, tasks: Callable[[], Iterable[Here]], look: Look) -> Wait | None:
    """Return what one task waits for, or has begun to wait for and will get.

    Args:
        task: The task.
        tasks: Returns all tasks that may hold it.
        look: Tells of the event loop's own kinds.
    """
    wait = _Inside(tasks).wait_of(task, look)
    has_got_it = task.does != "waits" and wait is not None and task.task in wait.holders
    return None if has_got_it else wait


def title(name: str, where: Place | None, coroutine: object = None) -> str:
    """Return what a task is called: as its function, and by the name that the user gave it.

    Args:
        name: What the event loop calls it.
        where: Where it stands.
        coroutine: What it runs.
    """
    if where is None and _UNNAMED.fullmatch(name):
        name = str(getattr(coroutine, "__qualname__", name))
    short = name.rpartition("<locals>.")[2]
    parts = name.split(".")
    for n in range(len(parts) - 1, 0, -1):
        if ".".join(parts[:n]) in sys.modules:  # the libraries' own names begin with a module's
            short = short.removeprefix(f"{'.'.join(parts[:n])}.")
            return short if where is None else _function(where)
    if where is None or not short:
        return short
    function = _function(where)
    if _UNNAMED.fullmatch(name) or short == function:
        return function
    return f"{function} {short!r}"


def _function(where: Place) -> str:
    return where.function.rpartition("<locals>.")[2]


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
            # Only one who alone holds something is sure to be what another waits for.
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
    return f"they wait in a ring: {', '.join(f'{one} for {other}' for one, other in pairs)}"


class _Inside:
    """Which tasks are inside of which `async with`."""

    def __init__(self, tasks: Callable[[], Iterable[Here]]) -> None:
        self._find = tasks

    @functools.cached_property
    def _tasks(self) -> dict[int, Here]:
        return {id(it.task): it for it in self._find()}

    def wait_of(self, here: Here, look: Look) -> Wait | None:
        """Return what a task waits for; `None` if that cannot be known."""
        frames, user = _waiting_in(here.coroutine)
        found: tuple[object, Wait] | None = None
        for frame in frames:
            it: object = frame.f_locals.get("self")
            wait = _look(it, frame) or look(it, frame)
            # Who is notified by a condition has to get its lock again.
            if wait and (found is None or frame.f_code.co_name == "acquire"):
                found = found[0] if found else it, wait
        if found is None:
            return here.wait
        it, wait = found
        holders = wait.holders
        if not holders and wait.is_held:
            it_or_inside = [frame.f_locals.get("self") for frame in frames]
            holders = tuple(self._holders([it for it in it_or_inside if it is not None]))
        return wait._replace(
            what=wait.what.format(_called(it, user)),
            holders=tuple(filter(None, map(self._task_of, holders))),
        )

    def _task_of(self, holder: object) -> object | None:
        key = holder.id if isinstance(holder, anyio.TaskInfo) else id(holder)
        return self._tasks[key].task if key in self._tasks else None

    def _holders(self, wanted: Sequence[object]) -> Iterator[object]:
        ids = set(map(id, wanted))
        for here in self._tasks.values():
            n_entered = sum(id(it) in ids for it in _entered(here.coroutine))
            frames, _ = _waiting_in(here.coroutine)
            # Who enters still, and who has let go until it is notified, does not hold it.
            n_waiting = len({id(frame.f_locals.get("self")) for frame in frames} & ids)
            if n_entered > min(n_waiting, 1):
                yield here.task


def _waiting_in(coroutine: object) -> tuple[list[FrameType], FrameType | None]:
    """Return the library's frames in which a task waits, and the user's that called them."""
    frames: list[FrameType] = []
    user = None
    for frame in frames_of(coroutine):
        if is_of_a_library(frame):
            frames.append(frame)
        else:
            frames, user = [], frame
    return frames, user


def _entered(coroutine: object) -> Iterator[object]:
    """Return what a coroutine has entered with `with` or `async with`, and has not left."""
    for it in awaited(coroutine):
        values: list[object] = gc.get_referents(it)
        for n, value in enumerate(values):
            if getattr(value, "__name__", None) not in _LEAVING:
                continue
            if isinstance(value, MethodType):
                yield value.__self__
            elif isinstance(value, FunctionType):  # from Python 3.14 on, beside its `self`
                yield values[n + 1] if n + 1 < len(values) else None


def _called(it: object, user: FrameType | None) -> str:
    """Return what something is called: its kind, and its name in the code that uses it."""
    kind = type(it).__name__.removesuffix("Adapter").lstrip("_")
    for name, value in user.f_locals.items() if user else ():
        if value is it:
            return f"{kind} {name!r}"
        named = getattr(value, "__dict__", None)
        if isinstance(named, dict):
            attributes = cast("dict[str, object]", named)
            for attribute, inside in attributes.items():
                if inside is it:
                    return f"{kind} {f'{name}.{attribute}'!r}"
    return f"{'an' if kind[0] in 'AEIOU' else 'a'} {kind}"


def _look(it: object, frame: FrameType) -> Wait | None:
    """Tell what a task waits for in anyio's methods that are the same on both event loops."""
    match it, frame.f_code.co_name:
        case anyio.Lock(), _:
            owner = it.statistics().owner
            return Wait("{}", () if owner is None else (owner,))
        case anyio.Condition(), "wait":
            return Wait("{} to be notified", is_held=False)
        case anyio.Semaphore() | anyio.Condition(), _:
            return Wait("{}")
        case anyio.CapacityLimiter(), _:
            return Wait("{}", tuple(it.statistics().borrowers))
        case anyio.Event(), _:
            return Wait("{} to be set", is_held=False)
        case MemoryObjectReceiveStream(), _:
            return Wait(f"an item from {{}} ({_open(it, 'send')} open)", is_held=False)
        case MemoryObjectSendStream(), _:
            return Wait(f"room in {{}} ({_open(it, 'receive')} open)", is_held=False)
        case _:
            return None


def _open(it: MemoryObjectReceiveStream[Any] | MemoryObjectSendStream[Any], which: str) -> str:
    statistics = it.statistics()
    n = statistics.open_send_streams if which == "send" else statistics.open_receive_streams
    return f"{n} {which} stream{'' if n == 1 else 's'}"


def sleep(seconds: float) -> str:
    """Say what one waits for who sleeps."""
    return f"a sleep of {seconds:g} s to end" if seconds < math.inf else "a sleep without end"
