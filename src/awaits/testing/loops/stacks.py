"""Where other threads stand, and which of them are at work.

Private names, which tests/testing/loops/test_private_names.py watches: `sys._current_frames`, for
where threads stand, and `_worker`, in which an idle thread of an executor waits.
"""

# pyright: reportPrivateUsage=false

import concurrent.futures.thread
import dis
import functools
import queue
import sys
import threading
from collections.abc import Iterator
from gc import disable, enable, isenabled
from threading import current_thread, get_ident
from types import BuiltinMethodType, CodeType, FrameType
from typing import Literal, TypeAlias, cast

from awaits.testing.deadlock import is_of_a_library
from awaits.testing.loops.fence import check_names
from awaits.testing.loops.oldest import OLDEST

check_names("Python", {sys: ["_current_frames"], concurrent.futures.thread: ["_worker"]})

_LOCKS = {"queue", "threading"}  # a thread that waits for another one is in these
_BEGIN_THREADS = {threading.__name__, concurrent.futures.thread.__name__}
_WAITING = {"blockbuster.blockbuster", *_LOCKS}  # blockbuster wraps all locks
_LOCK = type(threading.Lock())
_IN_C = _LOCK, type(threading.RLock()), queue.SimpleQueue
_WAIT = {"acquire", "get"}
_WITH = "with"  # stands for a call that enters a `with` block
# A thread that waits for the world outside is in these, or calls such a method.
_OF_SYSTEM = "multiprocessing", "selectors", "socket", "ssl", "subprocess"
_ASK_SYSTEM = {
    *("accept", "poll", "read", "readinto", "readline", "recv", "recv_into", "recvfrom", "select"),
    *("run_forever", "run_until_complete", "waitpid"),  # the first two as uvloop's, written in C
}
# By module and qualified name: where an idle thread of a pool waits, and where a worker waits for a
# task. The adapters add those of anyio and trio.
POOLS = {(concurrent.futures.thread.__name__, "_worker")}
ASKING: set[tuple[str, str]] = set()
# From Python 3.13 on, an item does not pass through a queue at which a thread waits.
_IS_HANDED_OVER = sys.version_info >= (3, 13)
Doing: TypeAlias = Literal["works", "rests", "waits at a lock", "waits outside"]
"""What a thread does. One that waits at a lock or outside may have been woken a moment ago."""
# In these, a thread works for an event loop, which counts it as long as it waits for it.
WORKERS: set[tuple[str, str]] = set()


def frames() -> dict[int, FrameType]:
    """Return where each thread stands, except this one."""
    # Up to Python 3.11, a garbage collection during this call may wait for ever for a lock that the
    # call holds.
    was_enabled = isenabled()
    disable()
    try:
        where = sys._current_frames()
        # It would lead to the caller's own frame, and so keep all of them alive, and what threads
        # hold that have ended, until a garbage collection.
        where.pop(get_ident(), None)
        return where
    finally:
        if was_enabled:
            enable()


def waits(frame: FrameType) -> bool:
    """Tell whether a thread waits for another one: at a lock, an event or a queue."""
    if is_of_a_library(frame) and any(map(_is_of_a_lock, list(frame.f_locals.values()))):
        return True  # a pool calls it
    if not _calls(frame.f_code, frame.f_lasti).isdisjoint({_WITH, *_WAIT}):
        return True
    while _module(frame) not in _LOCKS and _module(frame) in _WAITING and frame.f_back is not None:
        frame = frame.f_back
    # Where `run` has no frame above it, the thread is in a function that is written in C.
    return _module(frame) in _LOCKS and frame.f_code is not threading.Thread.run.__code__


def ends_by_itself(frame: FrameType) -> bool:
    """Tell whether the wait of a thread for another one ends after some time, in any case."""
    it: FrameType | None = frame
    while it is not None and _module(it) in _LOCKS:
        seconds: object = it.f_locals.get("timeout")
        if isinstance(seconds, int | float) and seconds >= 0:  # Python has -1 for none, too
            return True
        it = it.f_back
    return False


def _is_of_a_lock(function: object) -> bool:
    """Tell whether a function is one in which a lock of Python's waits, in C, without a frame."""
    if not issubclass(type(function), BuiltinMethodType):
        return False
    method = cast("BuiltinMethodType", function)
    return method.__name__ in _WAIT and type(method.__self__) in _IN_C


@functools.cache
def _calls(code: CodeType, last: int) -> frozenset[str]:
    """Return the names of the attributes in what an instruction calls; `with` for such a block.

    A method that is written in Python would have a frame of its own.
    """
    before = [it for it in dis.get_instructions(code) if it.offset <= last]
    here = before.pop() if before else None
    if here is None:
        return frozenset()
    if here.opname.startswith("BEFORE_WITH"):
        return frozenset([_WITH])
    begins = _begins(here)
    if begins is None or not here.opname.startswith(("CALL", "PRECALL")):  # the second on 3.11
        return frozenset()
    loads = [it for it in before if _begins(it) == begins]
    names = {str(it.argval) for it in loads if it.opname in ("LOAD_ATTR", "LOAD_METHOD")}
    # From Python 3.14 on, for `with`.
    return frozenset(names | {_WITH for it in loads if it.opname == "LOAD_SPECIAL"})


def _begins(instruction: dis.Instruction) -> tuple[int, int] | None:
    """Return the line and the column at which an instruction's code begins, if that is known."""
    line, _, column, _ = instruction.positions or (None, None, None, None)
    return None if line is None or column is None else (line, column)


def doing(frame: FrameType) -> Doing:
    """Tell what a thread does that the event loop does not count."""
    module, here = _module(frame), frame.f_locals
    if module == threading.__name__:
        # In `Condition.wait`, as in all of an event or a queue, and in `Thread.join`.
        lock: object = here.get("waiter", here.get("lock"))
        if isinstance(lock, _LOCK):
            return "rests" if lock.locked() and not _starts_a_thread(frame) else "works"
        if frame.f_code.co_name == "join" and isinstance(
            other := here.get("self"), threading.Thread
        ):
            return "rests" if other.is_alive() else "works"
    if waits(frame):
        queues = [it for it in here.values() if type(it) is queue.SimpleQueue]
        if any(not it.empty() for it in queues):
            return "works"
        return "rests" if queues and not _IS_HANDED_OVER else "waits at a lock"
    if waits_outside(frame):
        return "waits outside"
    # An iterator may be a pipe, for instance.
    return "waits at a lock" if _iterates(frame.f_code, frame.f_lasti) else "works"


def _starts_a_thread(frame: FrameType) -> bool:
    """Tell whether a thread waits until another one has begun, which is not known yet."""
    it: FrameType | None = frame
    while it is not None and _module(it) == threading.__name__:
        if it.f_code.co_name == threading.Thread.start.__name__:
            return True
        it = it.f_back
    return False


def waits_outside(frame: FrameType) -> bool:
    """Tell whether a thread waits for the world outside: for a socket, a pipe or a process."""
    asks = not _calls(frame.f_code, frame.f_lasti).isdisjoint(_ASK_SYSTEM)
    return asks or _module(frame).startswith(_OF_SYSTEM)


def is_a_worker(frame: FrameType) -> bool:
    """Tell whether a thread works for an event loop, which counts it."""
    return not WORKERS.isdisjoint(_stack(frame))


@functools.cache
def _iterates(code: CodeType, last: int) -> bool:
    """Tell whether an instruction asks an iterator that is written in C for the next item."""
    return any(
        it.offset == last and it.opname.startswith("FOR_ITER") for it in dis.get_instructions(code)
    )


def beginning(frame: FrameType) -> CodeType:
    """Return the function that a thread runs, or a pool in it."""
    began, it = frame.f_code, frame.f_back
    while it is not None:
        if _module(it) not in _BEGIN_THREADS:
            began = it.f_code
        it = it.f_back
    return began


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__"))


def is_at_rest(frame: FrameType | None) -> bool:
    """Tell whether a thread has no work, or is a worker that waits for a task."""
    stack = list(_stack(frame))
    asks = bool(stack) and stack[0] in ASKING and not POOLS.isdisjoint(stack)
    return asks or has_no_work(frame)


def job(frame: FrameType) -> FrameType | None:
    """Return the frame in which a worker began what it does; `None` if that has no frame."""
    began: FrameType | None = None
    it: FrameType | None = frame
    while it is not None and (_module(it), it.f_code.co_qualname) not in POOLS:
        began, it = it, it.f_back
    return None if it is None else began


def has_no_work(frame: FrameType | None) -> bool:
    """Tell whether a thread has ended, or has no work in its pool."""
    place = next(_stack(frame), None)
    if place is None:  # it has ended, or is a `threading.Timer`
        return frame is None
    return place in POOLS


def _stack(frame: FrameType | None) -> Iterator[tuple[str, str]]:
    while frame is not None:
        place = _module(frame), frame.f_code.co_qualname
        if place[0] not in _WAITING:
            yield place
        frame = frame.f_back


def at_work() -> Iterator[tuple[threading.Thread, FrameType]]:
    """Yield the other threads that are at work, except those that were there before any test.

    A thread that waits for another one, at a lock, an event or a queue, is not at work.
    """
    where = frames()
    for thread in threading.enumerate():
        frame = where.get(thread.ident or 0)
        if frame is None or thread in OLDEST or thread is current_thread():
            continue
        if not (waits(frame) or is_at_rest(frame)):
            yield thread, frame
