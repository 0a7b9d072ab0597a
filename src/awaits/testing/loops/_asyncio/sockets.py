"""Sockets in a steered asyncio event loop: no event is reported again before its task has run.

asyncio asks the system at each turn, and the system reports a socket until it has been read. In
asyncio's own order, the task that is woken runs before asyncio asks again. By then it may have
read, or may not want to read any more. The program relies on this, also when a schedule delays that
task.

Private name, read in CPython 3.11.7, 3.12.1 and 3.13.0: `BaseSelectorEventLoop._process_events`,
which queues the callbacks of sockets: a key's `data` has one for reading and one for writing.
"""

# pyright: reportPrivateUsage=false

import asyncio
import contextlib
import selectors
from asyncio.selector_events import BaseSelectorEventLoop
from collections.abc import Iterable
from typing import Any, Protocol
from weakref import ref

from awaits.testing.loops.fence import check_names

check_names("Python", {BaseSelectorEventLoop: ["_process_events"]})

Event = tuple[selectors.SelectorKey, int]


class Queue(Protocol):
    """A queue of an event loop, as far as `Sockets` sees it."""

    def arrived(self) -> Iterable[asyncio.Handle]:
        """Return the handles that became ready since the last one was taken from the queue."""
        ...


class Sockets:
    """Holds back the events of a socket until the task that an earlier one has woken has run.

    Args:
        loop: The event loop.
        queue: The event loop's queue.
    """

    def __init__(self, loop: Any, queue: Queue) -> None:
        self.told: asyncio.Handle | None = None
        """The socket's callback that led to the last handle, if any; it may be that handle
        itself."""
        self.waiting: dict[int, asyncio.Handle] = {}
        """For each handle that is to run because of a socket, by its id: the socket's callback."""
        self._loop = loop
        self._asks_for_sockets = isinstance(loop, BaseSelectorEventLoop)
        self._queue = ref(queue)  # without a cycle, all is freed at once as a run ends

    def steer(self, steers: bool) -> None:
        """Begin to hold events back, or stop it."""
        if not self._asks_for_sockets:
            return
        if steers:
            self._loop._process_events = self._process
        else:
            with contextlib.suppress(AttributeError):
                del self._loop._process_events

    def note_what_it_wakes(self) -> None:
        """Note what the last handle has made ready, before anything else becomes ready."""
        queue = self._queue()
        if self.told is not None and queue is not None:
            self.waiting.update((id(handle), self.told) for handle in queue.arrived())
        self.told = None

    def runs(self, handle: asyncio.Handle, *, is_step: bool) -> None:
        """Note that a handle runs now. What it makes ready runs because of the same socket."""
        told = self.waiting.pop(id(handle), None)
        self.told = None if is_step else told

    def _process(self, events: list[Event]) -> None:
        self.note_what_it_wakes()
        told = {id(handle) for handle in self.waiting.values()}
        news = [event for event in events if told.isdisjoint(map(id, event[0].data))]
        for key, mask in news:
            reader, writer = key.data
            if reader is not None and mask & selectors.EVENT_READ:
                self.waiting[id(reader)] = reader
            if writer is not None and mask & selectors.EVENT_WRITE:
                self.waiting[id(writer)] = writer
        type(self._loop)._process_events(self._loop, news)
