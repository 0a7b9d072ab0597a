"""asyncio's worker threads: each knows for which event loop in virtual time it works."""

import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple

from awaits.testing.loops.stacks import WORKERS

if TYPE_CHECKING:
    from awaits.testing.loops._asyncio.loop import VirtualEventLoop

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


WORKERS.add((__name__, "work"))


class _Worker(threading.local):
    loop: "VirtualEventLoop | None" = None  # that this thread works for
    awaited: Sequence[object] = ()  # what waits for this thread; empty once nothing does


_worker = _Worker()


def loop_of_this_worker() -> "VirtualEventLoop | None":
    """Return the event loop in virtual time that this thread works for, if any."""
    return _worker.loop


def awaited_here() -> Sequence[object]:
    """Return what waits for this worker."""
    return _worker.awaited


def work(
    loop: "VirtualEventLoop", awaited: Sequence[object], func: Callable[[*Ts], T], *args: *Ts
) -> T:
    """Run a function, and note meanwhile that this thread works for the event loop.

    Args:
        loop: The event loop.
        awaited: What waits for the thread; to be emptied once nothing does.
        func: The function.
        args: Its arguments.
    """
    _worker.loop, _worker.awaited = loop, awaited
    try:
        return func(*args)
    finally:
        _worker.loop, _worker.awaited = None, ()


def is_of_threads(executor: Executor) -> bool:
    """Tell whether an executor's workers are threads that share all objects with this one."""
    # Those of Python 3.14's are of other interpreters, though it is a `ThreadPoolExecutor`.
    module = sys.modules.get("concurrent.futures.interpreter")
    others: Any = getattr(module, "InterpreterPoolExecutor", ())
    return isinstance(executor, ThreadPoolExecutor) and not isinstance(executor, others)
