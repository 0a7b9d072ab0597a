"""What each task of an event loop waits for, and which tasks hold that.

A task waits for the `self` of the library's method that the user's code has awaited last. anyio's
and trio's locks and limiters know who holds them. Anything else is held by the tasks that are
inside an `async with` for it: Python keeps the block's exit method among the values of the
suspended coroutine.

`_asyncio/waits.py` and `_trio/waits.py` know the kinds that belong to one event loop.
"""

import contextlib
import functools
import gc
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import CoroutineType, FrameType, FunctionType, GeneratorType, MethodType
from typing import Literal, NamedTuple, TypeAlias, cast

from anyio import CapacityLimiter, Condition, Event, Lock, Semaphore, TaskInfo
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from awaits.testing.deadlock import awaited, frames_of, is_of_a_library

_LEAVING = ("__aexit__", "__exit__")
_ACQUIRE = ("acquire", "acquire_on_behalf_of")


class Wait(NamedTuple):
    """What a task waits for."""

    what: str  # such as "Lock 'till'"; a `Look` puts `{}` in place of its name
    holders: tuple[object, ...] = ()  # tasks, or anyio's descriptions of them
    is_held: bool = True
    """Whether they hold it. If not, the task waits for their end."""


Does: TypeAlias = Literal["waits", "runs", "can run"]


class Here(NamedTuple):
    """A task, as its event loop knows it."""

    task: object
    name: str
    coroutine: object
    is_main: bool = False
    does: Does = "waits"
    wait: Wait | None = None  # as far as the event loop can tell


Look = Callable[[object, FrameType], Wait | None]
"""Tells what a task waits for in a library's method, given its `self`, or in a function."""


def held_by_others(task: Here, tasks: Callable[[], Iterable[Here]], look: Look) -> Wait | None:
    """Return what one task waits for and others hold; `None` if there is no such thing.

    Args:
        task: The task.
        tasks: Returns all tasks that may hold it.
        look: Tells what tasks wait for in the event loop's own code.
    """
    if not _may_acquire(task.coroutine):
        return None
    wait = Inside(tasks).wait_of(task, look)
    if wait is None or not (wait.is_held and wait.holders):
        return None
    has_got_it = task.does != "waits" and task.task in wait.holders
    return None if has_got_it else wait


def _may_acquire(coroutine: object) -> bool:
    """Tell, in little time, whether a coroutine may stand in a library's method that acquires."""
    acquires = False
    while type(coroutine) is CoroutineType:
        frame: FrameType | None = coroutine.cr_frame
        if frame is None or frame.f_back is not None:  # it has ended, or runs
            return acquires
        acquires = is_of_a_library(frame) and (acquires or frame.f_code.co_name in _ACQUIRE)
        coroutine = coroutine.cr_await
    if isinstance(coroutine, GeneratorType):
        coroutine = coroutine.gi_yieldfrom
    # Other kinds of coroutines may go on with anything; a future is where one ends.
    return acquires or not (coroutine is None or type(coroutine).__name__ == "FutureIter")


class Inside:
    """Which tasks are inside which `with` or `async with` block."""

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
            # A task that a condition has notified must get the condition's lock again.
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
        key = holder.id if isinstance(holder, TaskInfo) else id(holder)
        return self._tasks[key].task if key in self._tasks else None

    def _holders(self, wanted: Sequence[object]) -> Iterator[object]:
        ids = set(map(id, wanted))
        for here in self._tasks.values():
            n_entered = sum(id(it) in ids for it in _entered(here.coroutine))
            frames, _ = _waiting_in(here.coroutine)
            # A task that is still entering, or that waits to be notified, does not hold it.
            n_waiting = len({id(frame.f_locals.get("self")) for frame in frames} & ids)
            if n_entered > min(n_waiting, 1):
                yield here.task


def _waiting_in(coroutine: object) -> tuple[list[FrameType], FrameType | None]:
    """Return the library's frames in which a task waits, and the user's frame that called them."""
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
            # By its type: to ask an object for its name may run code of the user's.
            if type(value) is MethodType and value.__name__ in _LEAVING:
                yield value.__self__
            elif type(value) is FunctionType and value.__name__ in _LEAVING:
                # From Python 3.14 on, its `self` stands beside it.
                yield values[n + 1] if n + 1 < len(values) else None


def _called(it: object, user: FrameType | None) -> str:
    """Return what something is called: its kind, and its name in the code that uses it."""
    kind = type(it).__name__.removesuffix("Adapter").lstrip("_")
    for name, value in user.f_locals.items() if user else ():
        if value is it:
            return f"{kind} {name!r}"
        named: object = None
        with contextlib.suppress(Exception):  # an object of the user's may raise anything
            named = value.__dict__
        if isinstance(named, dict):
            attributes = cast("dict[str, object]", named)
            for attribute, inside in attributes.items():
                if inside is it:
                    return f"{kind} {f'{name}.{attribute}'!r}"
    return f"{'an' if kind[0] in 'AEIOU' else 'a'} {kind}"


def _look(it: object, frame: FrameType) -> Wait | None:
    """Tell what a task waits for in anyio's methods that are the same on both event loops."""
    match it, frame.f_code.co_name:
        case Lock(), _:
            owner = it.statistics().owner
            return Wait("{}", () if owner is None else (owner,))
        case Condition(), "wait" | "wait_for":
            return Wait("{} to be notified", is_held=False)
        case Semaphore() | Condition(), _:
            return Wait("{}")
        case CapacityLimiter(), _:
            return Wait("{}", tuple(it.statistics().borrowers))
        case Event(), _:
            return Wait("{} to be set", is_held=False)
        case MemoryObjectReceiveStream(), _:
            return Wait(f"an item from {{}} ({_open(it, 'send')} open)", is_held=False)
        case MemoryObjectSendStream(), _:
            return Wait(f"room in {{}} ({_open(it, 'receive')} open)", is_held=False)
        case _:
            return None


def _open(
    it: MemoryObjectReceiveStream[object] | MemoryObjectSendStream[object], which: str
) -> str:
    statistics = it.statistics()
    n = statistics.open_send_streams if which == "send" else statistics.open_receive_streams
    return f"{n} {which} stream{'' if n == 1 else 's'}"


def sleep(seconds: float) -> str:
    """Say what a task that sleeps waits for."""
    return f"a sleep of {seconds:g} s to end" if seconds < math.inf else "a sleep without end"
