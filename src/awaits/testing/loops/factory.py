"""Tasks of asyncio, made by a task factory of ours as they are made without one.

Private name, read in CPython 3.11.7, 3.12.1, 3.13.0 and 3.14.10: `Future._source_traceback`, where
a task was made, in debug mode. Without it, its `repr` names the factory.
"""

# pyright: reportPrivateUsage=false

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_NAMES_ALL = "set_name" in asyncio.BaseEventLoop.create_task.__code__.co_names


class Task(asyncio.Task[T]):
    """A task that keeps its name where Python 3.13.0, beside a factory, names it `None`."""

    def set_name(self, value: object, /) -> None:
        """Give it a name, unless there is none."""
        if value is not None:
            super().set_name(value)


_Task = Task if _NAMES_ALL else asyncio.Task


def made_by_factory(
    coroutine: Coroutine[object, object, T],
    loop: asyncio.AbstractEventLoop,
    **kwargs: Any,  # noqa: ANN401 asyncio's own
) -> asyncio.Task[T]:
    """Return a new task, for a factory that `loop.create_task` has called, and that returns it."""
    task = _Task(coroutine, loop=loop, **kwargs)
    made: list[object] | None = getattr(task, "_source_traceback", None)
    if made:
        del made[-3:]  # this function, the factory and `create_task`
    return task
