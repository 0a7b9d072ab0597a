"""Twenty tasks that wait, run concurrently: a reference for writing and testing async Python."""

from awaits.tasks import individual_task, main

__all__ = ["individual_task", "main"]
