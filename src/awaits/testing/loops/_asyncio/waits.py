"""What the tasks of asyncio wait for.

Private names, read in CPython 3.11.7, 3.12.1 and 3.13.0, and in anyio 4.16.0:

- `Task._fut_waiter`, the future that a task waits for.
- `TaskGroup._tasks`, of asyncio and of anyio: the tasks in the group.
- `asyncio.tasks._GatheringFuture._children`: what `asyncio.gather` waits for.
- The names and arguments of the functions in which asyncio sleeps and waits.
- The variable `coro` of anyio's `TaskGroup.start`: what the task runs that it waits for.
"""

# pyright: reportPrivateUsage=false

import asyncio
from asyncio import Condition, Event, Lock, Queue, Semaphore, Task, all_tasks, current_task
from asyncio import TaskGroup as GroupOfAsyncio
from collections.abc import Iterator
from types import FrameType
from typing import Any, cast

from anyio._backends._asyncio import TaskGroup

from awaits.testing.deadlock import awaited, frames_of
from awaits.testing.loops.fence import check_names
from awaits.testing.loops.waits import Here, Wait, sleep

_GatheringFuture: type = vars(asyncio.tasks)["_GatheringFuture"]

check_names("anyio", {TaskGroup: ["_tasks"]})
check_names(
    "Python",
    {asyncio.TaskGroup: ["_tasks"], asyncio.Task: ["_fut_waiter"], _GatheringFuture: ["_children"]},
)


def waiter_of(task: asyncio.Task[object]) -> asyncio.Future[object] | None:
    """Return the future that a task waits for; `None` if it waits for none."""
    return cast("asyncio.Future[object] | None", cast("Any", task)._fut_waiter)


def tasks_awaited_by(task: asyncio.Task[object]) -> list[asyncio.Task[object]]:
    """Return the tasks that a task waits for, itself or by `asyncio.gather`."""
    waiter = waiter_of(task)
    children: list[object] = getattr(waiter, "_children", []) if waiter is not None else []
    return [it for it in (waiter, *children) if isinstance(it, Task)]


def here(task: asyncio.Task[Any], *, is_main: bool = False) -> Here:
    """Return a task as its event loop knows it."""
    waiter = waiter_of(task)
    name, coroutine = name_of(task), task.get_coro()
    if waiter is None or waiter.done():
        is_running = current_task(task.get_loop()) is task
        return Here(task, name, coroutine, is_main, "runs" if is_running else "can run")
    return Here(task, name, coroutine, is_main, wait=_for_future(waiter))


def tasks_here() -> Iterator[Here]:
    """Return the tasks of the running event loop, except anyio's own.

    anyio's pytest plugin runs a task of its own beside the test's.
    """
    for task in all_tasks():
        if not str(getattr(task.get_coro(), "__qualname__", "")).startswith("TestRunner._call"):
            yield here(task)


def _for_future(future: asyncio.Future[object]) -> Wait:
    if isinstance(future, Task):
        return Wait("the end of", (future,), is_held=False)
    if isinstance(future, _GatheringFuture):
        children: list[object] = cast("Any", future)._children
        return Wait("the end of", tuple(children), is_held=False)
    return Wait("a future")


def start_of(task: asyncio.Task[object]) -> FrameType | None:
    """Return the frame of anyio's `start` in which another waits until a task has started."""
    runs = list(awaited(task.get_coro()))
    for waiter in all_tasks(task.get_loop()):
        frames = list(frames_of(waiter.get_coro()))
        if frames and frames[-1].f_code is TaskGroup.start.__code__:
            started = frames[-1].f_locals.get("coro")
            if any(it is started for it in runs):
                return frames[-1]
    return None


def look(it: object, frame: FrameType) -> Wait | None:
    """Tell what a task waits for in one of asyncio's methods or functions."""
    name = frame.f_code.co_name
    match it:
        case Condition() if name in ("wait", "wait_for"):
            return Wait("{} to be notified", is_held=False)
        case Lock() | Semaphore() | Condition():
            return Wait("{}")
        case Event():
            return Wait("{} to be set", is_held=False)
        case Queue():
            whats = {"get": "an item from {}", "put": "room in {}", "join": "all items of {}"}
            return Wait(whats.get(name, "{}"), is_held=False)
        case GroupOfAsyncio() | TaskGroup():
            tasks: set[object] = cast("Any", it)._tasks
            return Wait("the end of", tuple(tasks), is_held=False)
        case _:
            return _in_function(frame)


def _in_function(frame: FrameType) -> Wait | None:
    given, name = frame.f_locals, frame.f_code.co_name
    match frame.f_globals.get("__name__"), name:
        case "asyncio.tasks", "sleep":
            return Wait(sleep(given["delay"]), is_held=False)
        case "asyncio.tasks", "_wait":
            return Wait("the end of", tuple(given["fs"]), is_held=False)
        case "asyncio.tasks", "wait_for" if isinstance(given.get("fut"), Task):
            return Wait("the end of", (given["fut"],), is_held=False)
        case "anyio._backends._asyncio", "run_sync_in_worker_thread":
            return Wait("a worker thread", is_held=False)
        case "asyncio.threads", "to_thread":
            return Wait("a worker thread", is_held=False)
        case _:
            return None


def name_of(task: asyncio.Task[object]) -> str:
    """Return the name of a task, or that of its function if it has none, as eager tasks may."""
    name: str | None = task.get_name()
    if name not in (None, "None"):
        return name
    return str(getattr(task.get_coro(), "__qualname__", name))
