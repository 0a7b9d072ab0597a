"""What the tasks of trio wait for.

Private names, read in trio 0.32.0 and 0.35.0: `Runner.tasks`, `init_task`, `main_task` and `runq`;
the names and arguments of the functions in which trio sleeps and waits.
"""

# pyright: reportPrivateUsage=false

from collections import deque
from collections.abc import Iterator
from types import FrameType

import trio
from trio import (
    CapacityLimiter,
    Condition,
    Event,
    Lock,
    MemoryReceiveChannel,
    MemorySendChannel,
    Nursery,
    Semaphore,
    StrictFIFOLock,
)
from trio._core._run import GLOBAL_RUN_CONTEXT, Runner

from awaits.testing.deadlock import frames_of
from awaits.testing.loops.fence import check_names
from awaits.testing.loops.waits import Does, Here, Wait, sleep

check_names("trio", {Runner: ["init_task", "main_task", "runq", "tasks"]})


def tasks_of(runner: Runner) -> Iterator[Here]:
    """Return the tasks of a run as trio knows them."""
    # To iterate over a `Play` would take a task from it.
    ready = set(deque.__iter__(runner.runq))
    running = getattr(GLOBAL_RUN_CONTEXT, "task", None)
    for task in runner.tasks:
        is_main = task is runner.main_task
        if is_main or not is_system_task(task, runner):
            does: Does = "runs" if task is running else "can run" if task in ready else "waits"
            yield Here(task, task.name, task.coro, is_main, does)


def tasks_here() -> Iterator[Here]:
    """Return the tasks of the current run as trio knows them."""
    return tasks_of(GLOBAL_RUN_CONTEXT.runner)


def start_of(task: trio.lowlevel.Task) -> FrameType | None:
    """Return the frame of `start` in which another waits until a task has started."""
    if task.eventual_parent_nursery is None or task.parent_nursery is None:
        return None
    frames = list(frames_of(task.parent_nursery.parent_task.coro))
    return next((it for it in reversed(frames) if it.f_code is trio.Nursery.start.__code__), None)


def look(it: object, frame: FrameType) -> Wait | None:
    """Tell what a task waits for in one of trio's methods or functions."""
    name = frame.f_code.co_name
    match it:
        case Lock() | StrictFIFOLock():
            owner = it.statistics().owner
            return Wait("{}", () if owner is None else (owner,))
        case Condition() if name == "wait":
            return Wait("{} to be notified", is_held=False)
        case Semaphore() | Condition():
            return Wait("{}")
        case CapacityLimiter():
            return Wait("{}", tuple(it.statistics().borrowers))
        case Event():
            return Wait("{} to be set", is_held=False)
        case MemoryReceiveChannel():
            return Wait("an item from {}", is_held=False)
        case MemorySendChannel():
            return Wait("room in {}", is_held=False)
        case Nursery() if name != "start":  # which has a nursery of its own for the new task
            return Wait("the end of", tuple(it.child_tasks), is_held=False)
        case _:
            return _in_function(frame)


def _in_function(frame: FrameType) -> Wait | None:
    given, name = frame.f_locals, frame.f_code.co_name
    match frame.f_globals.get("__name__"), name:
        case "trio._timeouts", "sleep" if "seconds" in given:
            return Wait(sleep(given["seconds"]), is_held=False)
        case "trio._timeouts", "sleep_until":
            return Wait(f"{given['deadline']:g} s to come", is_held=False)
        case "trio._threads", "to_thread_run_sync":
            return Wait("a worker thread", is_held=False)
        case _:
            return None


def is_system_task(task: trio.lowlevel.Task, runner: Runner) -> bool:
    """Tell whether a task is trio's first one, or was started by it and is not the main task."""
    nursery = task.parent_nursery
    return nursery is None or (
        nursery.parent_task is runner.init_task and task is not runner.main_task
    )
