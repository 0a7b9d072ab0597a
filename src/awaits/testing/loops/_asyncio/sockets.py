"""What a steered event loop of asyncio is told of sockets: not twice before somebody has heard it.

asyncio asks the system at each turn, and is told of a socket until it has been read. In its own
order, whom that has woken runs before asyncio asks again, and may have read by then, or not want to
any more. A step that a schedule delays relies on that, too.

Private name, read in CPython 3.11.7, 3.12.1 and 3.13.0:
`BaseSelectorEventLoop._process_events`, which queues the callbacks of sockets: a key's `data` has
the one for reading and the one for writing.
"""

# pyright: reportPrivateUsage=false

import asyncio
import selectors
from asyncio.selector_events import BaseSelectorEventLoop
from collections.abc import Callable, Iterable
from typing import Any

from awaits.testing.loops.fence import check_names

check_names("Python", {BaseSelectorEventLoop: ["_process_events"]})

Event = tuple[selectors.SelectorKey, int]


class Sockets:
    """Holds back what is told of a socket until what it has woken has run.

    Args:
        loop: The event loop.
        arrived: Returns what has become ready since something was taken from the queue.
    """

    def __init__(
        self,
        loop: Any,
        arrived: Callable[[], Iterable[asyncio.Handle]],
    ) -> None:
        self.told: asyncio.Handle | None = None
        """The callback of a socket that has run, or because of which another has."""
        self.waiting: dict[int, asyncio.Handle] = {}
        """By the id of each handle that is to run because of a socket, the socket's callback."""
        self._loop = loop
        self._arrived = arrived

    def steer(self, steers: bool) -> None:
        """Begin, or end."""
        if not isinstance(self._loop, BaseSelectorEventLoop):
            return
        if steers:
            vars(self._loop)["_process_events"] = self._process
        else:
            vars(self._loop).pop("_process_events", None)

    def note_what_it_wakes(self) -> None:
        """Note what has become ready as the last handle ran, before anything else does."""
        if self.told is not None:
            self.waiting.update((id(handle), self.told) for handle in self._arrived())
        self.told = None

    def runs(self, handle: asyncio.Handle, *, is_step: bool) -> None:
        """Note that a handle runs now; what it wakes waits because of the same socket."""
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
