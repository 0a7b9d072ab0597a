"""What the programs are made of."""

from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Literal, NamedTuple, TypeAlias

import anyio
from anyio.lowlevel import checkpoint

from awaits.testing import Schedule

Run: TypeAlias = Callable[[], Coroutine[object, object, None]]

cancel_scope: ContextVar[Callable[[], AbstractContextManager[object]]] = ContextVar(
    "cancel_scope", default=anyio.CancelScope
)
"""What each task runs in that may be cancelled; who cancels puts a scope of its own here."""


class Program(NamedTuple):
    """A program with a bug, and how to break it."""

    name: str
    family: str
    wrong: Run
    right: Run  # which no order breaks
    deviations: int  # of the smallest schedule known; a cancellation is one
    witness: Schedule  # breaks it on both event loops; the smallest known
    needs: frozenset[Literal["jitter", "cancel"]] = frozenset()  # besides another order


JITTER: frozenset[Literal["jitter", "cancel"]] = frozenset({"jitter"})
CANCEL: frozenset[Literal["jitter", "cancel"]] = frozenset({"cancel"})


async def steps(n_steps: int) -> None:
    """Give way so many times."""
    for _ in range(n_steps):
        await checkpoint()


async def together(*functions: Run) -> None:
    """Run each function in a task."""
    async with anyio.create_task_group() as tasks:
        for function in functions:
            tasks.start_soon(function)


async def cancellable(*functions: Run) -> None:
    """Run each function in a task that may be cancelled without the others."""

    async def run(function: Run) -> None:
        with cancel_scope.get()():
            await function()

    async with anyio.create_task_group() as tasks:
        for function in functions:
            tasks.start_soon(run, function)
