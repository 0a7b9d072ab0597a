"""The selector of an asyncio event loop in virtual time."""

import selectors
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike


class CountingSelector(selectors.DefaultSelector):
    """A selector that counts what it watches, because the event loop asks at each turn."""

    n_watched = 0

    def register(
        self, fileobj: "FileDescriptorLike", events: int, data: object = None
    ) -> selectors.SelectorKey:
        """Watch a file."""
        key = super().register(fileobj, events, data)
        self.n_watched += 1
        return key

    def unregister(self, fileobj: "FileDescriptorLike") -> selectors.SelectorKey:
        """Do not watch a file any more."""
        key = super().unregister(fileobj)
        self.n_watched -= 1
        return key
