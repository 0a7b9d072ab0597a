"""How a task of asyncio is cancelled without a cancel scope, though it may swallow that.

Private names, read in anyio 4.16.0: `_task_states`, which has the innermost cancel scope of each
task, and the id of its parent; a scope's `_parent_scope`, and `_host_task`, which has entered it;
`_cancel_handle`, by which the event loop calls `_deliver_cancellation` again at the next turn.
"""

# pyright: reportPrivateUsage=false

import asyncio
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager

from anyio._backends import _asyncio as anyio_asyncio
from anyio._backends._asyncio import CancelScope, TaskState

from awaits.testing.loops._asyncio.waits import waiter_of
from awaits.testing.loops.fence import check_names

check_names(
    "anyio",
    {
        anyio_asyncio: ["_task_states"],
        CancelScope: ["_cancel_handle", "_deliver_cancellation", "_host_task", "_parent_scope"],
        TaskState: ["cancel_scope", "parent_id"],
    },
)


def scopes_of(task: asyncio.Task[object]) -> Iterator[CancelScope]:
    """Yield the cancel scopes of anyio's that a task is in, the innermost first."""
    state = anyio_asyncio._task_states.get(task)
    scope = None if state is None else state.cancel_scope
    while scope is not None:
        yield scope
        scope = scope._parent_scope


def scope_of_whole(task: asyncio.Task[object]) -> CancelScope | None:
    """Return the cancel scope that a whole task of anyio's runs in; `None` for other tasks."""
    state = anyio_asyncio._task_states.get(task)
    if state is None or state.parent_id is None:
        return None
    own = [scope for scope in scopes_of(task) if scope._host_task is task]
    return own[-1] if own else None


class CancelledError(BaseException):
    """Raised in a task that has swallowed its cancellation twice; nobody should catch it."""


def raise_in(task: asyncio.Task[object], error: BaseException) -> None:
    """Raise an error where a task waits next, instead of a cancellation that it swallows.

    A cancelled scope of anyio's would cancel the task first, so it has to wait for that.
    """
    waiting: list[CancelScope] = []
    for scope in scopes_of(task):
        if scope._cancel_handle is not None:
            scope._cancel_handle.cancel()
            waiting.append(scope)

    def raise_now() -> None:
        waiter = waiter_of(task)
        if waiter is not None and not waiter.done() and not isinstance(waiter, asyncio.Task):
            waiter.set_exception(error)
        for scope in waiting:
            scope._deliver_cancellation(scope)

    task.get_loop().call_soon(raise_now)


@contextmanager
def cancellable() -> Generator[Callable[[], None]]:
    """Let the block's task be cancelled wherever it waits; see `contract.Adapter`."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 it runs the block
    n_before, before = task.cancelling(), asyncio.all_tasks()
    n_cancels = 0

    def cancel() -> None:
        nonlocal n_cancels
        for it in asyncio.all_tasks() - before if n_cancels else ():
            it.cancel()
        if n_cancels < 2:
            task.cancel()
        else:
            raise_in(task, CancelledError())
        n_cancels += 1

    try:
        yield cancel
    finally:
        for _ in range(task.cancelling() - n_before):
            task.uncancel()
