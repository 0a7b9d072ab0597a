"""How a task of asyncio is cancelled without a cancel scope."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager


@contextmanager
def cancellable() -> Generator[Callable[[], None]]:
    """Let the block's task be cancelled wherever it waits; see `contract.Adapter`."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 it runs the block
    n_before, before = task.cancelling(), asyncio.all_tasks()
    is_cancelled = False

    def cancel() -> None:
        nonlocal is_cancelled
        for it in asyncio.all_tasks() - before if is_cancelled else ():
            it.cancel()
        task.cancel()
        is_cancelled = True

    try:
        yield cancel
    finally:
        for _ in range(task.cancelling() - n_before):
            task.uncancel()
