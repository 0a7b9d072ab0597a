"""The deadlock: nothing in the event loop can ever run again. Who waits, and where?"""

from collections.abc import Iterable

from awaits.testing.places import place


class DeadlockError(Exception):
    """Nothing in the event loop can ever run again; the message lists what waits, and where."""


def deadlock(main: object, others: Iterable[tuple[str, object]], now: float) -> DeadlockError:
    """Return the error that tells which tasks wait, and where.

    Args:
        main: The coroutine of the main task.
        others: The name and the coroutine of each other task.
        now: The virtual time, in seconds.
    """
    tasks = ("the main task", main), *sorted(others, key=lambda task: task[0])
    places = ((name, place(coroutine)) for name, coroutine in tasks)
    lines = (f"\n  {name} waits{f' at {where}' if where else ''}" for name, where in places)
    return DeadlockError(f"At {now} s, nothing can ever run again:{''.join(lines)}")
