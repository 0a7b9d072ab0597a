"""Child processes beside an event loop in virtual time, and theirs. Only Linux tells of them.

A task may wait for one while it waits for the world outside. As for a thread, it is known whether
it only waits for a processor, or has gone to sleep again since it was looked at.
"""

import os
from collections.abc import Iterator

from awaits.testing.loops.sleeps import SLEEPS_ARE_TOLD, Place, read, slept

_listdir, _getpid = os.listdir, os.getpid  # a test may replace them


class Child:
    """A process that this one has started, or that such a process has.

    Args:
        pid: Its number.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def place(self) -> Place:
        """Return how often its threads have gone to sleep; `None` if one waits for a processor."""
        n_sleeps = 0
        for thread in _threads(self.pid):
            n = slept(f"/proc/{self.pid}/task/{thread}")
            if n is None:
                return None
            n_sleeps += n
        return self.pid, 0, n_sleeps


_known: dict[int, Child] = {}


def are_there() -> bool:
    """Tell whether there is a child process, without a look at each."""
    if not SLEEPS_ARE_TOLD:
        return False
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def children() -> list[Child]:
    """Return all child processes, and theirs; the same object for the same process each time."""
    found = {pid: _known.get(pid) or Child(pid) for pid in _below(_getpid())}
    _known.clear()
    _known.update(found)
    return list(found.values())


def _below(pid: int) -> Iterator[int]:
    for thread in _threads(pid):
        for child in map(int, read(f"/proc/{pid}/task/{thread}/children").split()):
            yield child
            yield from _below(child)


def _threads(pid: int) -> list[str]:
    try:
        return _listdir(f"/proc/{pid}/task")
    except OSError:  # it has ended
        return []
