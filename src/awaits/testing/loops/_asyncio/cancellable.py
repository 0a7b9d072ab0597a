"""How a task of asyncio is cancelled without a cancel scope."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager


@contextmanager
def cancellable() -> Generator[Callable[[], None]]:
    """Let the block's task be cancelled wherever it waits; see `contract.Adapter`."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 it runs the block
    n_before = task.cancelling()

    def cancel() -> None:
        task.cancel()

    try:
        yield cancel
    finally:
        for _ in range(task.cancelling() - n_before):
            task.uncancel()
