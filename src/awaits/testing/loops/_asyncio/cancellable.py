"""How a task of asyncio is cancelled without a cancel scope, though it may swallow that.

Private names, read in anyio 4.16.0: `_task_states`, which has the innermost cancel scope of each
task, and the id of its parent; a scope's `_parent_scope`, and `_host_task`, which has entered it;
`_cancel_handle`, by which the event loop calls `_deliver_cancellation` again at the next turn.

And in CPython 3.11.7, 3.12.1 and 3.13.0: `Future._callbacks`, each with its context variables.
"""

# pyright: reportPrivateUsage=false

import asyncio
from asyncio import Task, all_tasks, current_task
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from graphlib import CycleError, TopologicalSorter
from typing import Any

from anyio._backends import _asyncio as anyio_asyncio
from anyio._backends._asyncio import CancelScope, TaskState

from awaits.testing.loops._asyncio.waits import tasks_awaited_by, waiter_of
from awaits.testing.loops.fence import check_names

check_names(
    "anyio",
    {
        anyio_asyncio: ["_task_states"],
        CancelScope: ["_cancel_handle", "_deliver_cancellation", "_host_task", "_parent_scope"],
        TaskState: ["cancel_scope", "parent_id"],
    },
)


check_names("Python", {asyncio.Future: ["_callbacks"]})


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
        if waiter is not None and not waiter.done() and not isinstance(waiter, Task):
            waiter.set_exception(error)
        for scope in waiting:
            scope._deliver_cancellation(scope)

    task.get_loop().call_soon(raise_now)


def cancel(task: asyncio.Task[object]) -> None:
    """Cancel a task, and break the rings of tasks that wait for one another."""
    break_rings()
    with suppress(RecursionError):  # in a ring; it has not run since it was broken
        task.cancel()


def break_rings() -> None:
    """Cancel one task of each ring of tasks that wait for one another.

    asyncio cancels what a task waits for, and so on: in a ring without end, also as it closes.
    """
    awaited = {it: tasks_awaited_by(it) for it in all_tasks()}
    while True:
        try:
            TopologicalSorter(awaited).prepare()
        except CycleError as error:
            in_ring: asyncio.Task[object] = error.args[1][0]
            awaited[in_ring] = []
            _wake_as_cancelled(in_ring)
        else:
            return


def _wake_as_cancelled(task: asyncio.Task[object]) -> None:
    """Wake a task as if what it waits for had been cancelled."""
    waiter: Any = waiter_of(task)
    cancelled = task.get_loop().create_future()
    cancelled.cancel()
    callbacks: list[Any] = list(waiter._callbacks or ())
    for wake_up, context in callbacks:
        if getattr(wake_up, "__self__", None) is task:
            waiter.remove_done_callback(wake_up)
            cancelled.add_done_callback(wake_up, context=context)


@contextmanager
def cancellable() -> Generator[Callable[[], None]]:
    """Let the block's task be cancelled wherever it waits; see `contract.Adapter`."""
    task = current_task()
    assert task is not None  # noqa: S101 it runs the block
    n_before, before = task.cancelling(), all_tasks()
    n_cancels = 0

    def cancel_more() -> None:
        nonlocal n_cancels
        for it in all_tasks() - before if n_cancels else ():
            cancel(it)
        if n_cancels < 2:
            cancel(task)
        else:
            raise_in(task, CancelledError())
        n_cancels += 1

    try:
        yield cancel_more
    finally:
        for _ in range(min(n_cancels, task.cancelling() - n_before)):  # not others', as Ctrl-C
            task.uncancel()
