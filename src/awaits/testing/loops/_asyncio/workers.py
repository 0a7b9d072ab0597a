"""asyncio's worker threads: each knows for which event loop in virtual time it works."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar, TypeVarTuple

if TYPE_CHECKING:
    from awaits.testing.loops._asyncio.loop import VirtualEventLoop

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class _Worker(threading.local):
    loop: "VirtualEventLoop | None" = None  # that this thread works for


_worker = _Worker()


def loop_of_this_worker() -> "VirtualEventLoop | None":
    """Return the event loop in virtual time that this thread works for, if any."""
    return _worker.loop


def work(loop: "VirtualEventLoop", func: Callable[[*Ts], T], *args: *Ts) -> T:
    """Run a function, and note meanwhile that this thread works for the event loop."""
    _worker.loop = loop
    try:
        return func(*args)
    finally:
        _worker.loop = None
