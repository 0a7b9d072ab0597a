"""The tasks that are older than a test, and run beside it in an event loop that tests share."""

import contextlib
from collections import Counter
from collections.abc import Generator

from awaits.testing.explore import Trial
from awaits.testing.leftovers.watch import is_open
from awaits.testing.loops import adapter_here
from awaits.testing.schedule import Schedule, has_steered

MOST_NAMED = 3
OLDER = (
    "Tasks that are older than this run took steps meanwhile, and may be why: {}; --no-leftovers "
    "names the test that leaves one."
)


class OlderTasks:
    """Notices the tasks that took steps while a test ran, and were there before."""

    def __init__(self) -> None:
        self._found: list[tuple[object, str]] = []

    @contextlib.contextmanager
    def noticed(self, order: Schedule | Trial | None) -> Generator[None]:
        """Notice them in the block, if it is a schedule that steers it."""
        if not isinstance(order, Schedule):
            yield
            return
        before = [
            (it.task, f"{it.name} at {it.place.file_and_line}")
            for it in adapter_here().standing_here()
            if it.place is not None and it.does != "runs"
        ]
        try:
            yield
        finally:
            self._found = [it for it in before if has_steered(order, it[0])]

    def told(self) -> list[str]:
        """Return a sentence about those that are still there, if there are any.

        A fixture that is set up for each run ends its tasks with it: they are the same each time.
        """
        names = Counter(name for task, name in self._found if is_open(task))
        self._found.clear()
        if not names:
            return []
        named = [f"{name} ({n} tasks)" if n > 1 else name for name, n in names.items()]
        more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
        return [OLDER.format(", ".join(named[:MOST_NAMED]) + more)]
