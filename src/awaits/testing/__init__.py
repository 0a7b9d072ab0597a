"""The test kit: pytest's plugin and what it stands on. It knows nothing of the program."""

from awaits.testing.clock import VirtualClock, virtual_time
from awaits.testing.deadlock import DeadlockError

__all__ = ["DeadlockError", "VirtualClock", "virtual_time"]
