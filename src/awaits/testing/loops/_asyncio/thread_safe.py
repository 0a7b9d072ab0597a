"""What other threads put into the queue of an asyncio event loop: `call_soon` does not wake it.

A program with that mistake must not work in virtual time alone, where the event loop looks at other
threads while it waits.

Private names, read in CPython 3.11.7, 3.13.0 and 3.14.10: `events._ThreadSafeHandle`, from 3.14 on,
has a lock for runs without the GIL.
"""

import asyncio
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Handle = asyncio.Handle
else:
    Handle = getattr(asyncio.events, "_ThreadSafeHandle", asyncio.Handle)

NOT_WOKEN = (
    "Another thread has called call_soon, which does not wake the event loop; have it call "
    "call_soon_threadsafe."
)


class ThreadSafeHandle(Handle):
    """A function that another thread has called by `call_soon_threadsafe`."""

    __slots__ = ()


def taken(queue: deque[asyncio.Handle]) -> tuple[list[asyncio.Handle], bool]:
    """Take what has come while an event loop waited, and was not woken by the system.

    Args:
        queue: The event loop's own, or that of a schedule, from which only arrivals are taken.

    Returns:
        What was taken, and whether the event loop is to go on: then nothing was.
    """
    # Other threads may append meanwhile.
    came = [deque.__getitem__(queue, n) for n in range(deque.__len__(queue))]
    if any(isinstance(it, ThreadSafeHandle) for it in came):
        return [], True
    return [deque.popleft(queue) for _ in came], False
