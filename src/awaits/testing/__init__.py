"""The test kit: pytest's plugin and what it stands on. It knows nothing of the program."""

from awaits.testing.clock import DeadlockError, VirtualClock, virtual_time

__all__ = ["DeadlockError", "VirtualClock", "virtual_time"]
