"""trio's worker threads: in virtual time, they report when they wait for trio.

Private names, read in trio 0.32.0 and 0.35.0: `Run`, the message with which a thread asks trio to
run something; `PARENT_TASK_DATA`, whose `task_register` holds a thread's task until that task
abandons the thread; the functions in which a thread waits for trio or for work.
"""

# pyright: reportPrivateUsage=false

import functools
import threading
from collections.abc import Awaitable, Callable
from typing import TypeAlias, cast

import trio
from trio import _threads
from trio._core._run import GLOBAL_RUN_CONTEXT, Task
from trio._core._thread_cache import WorkerThread
from trio._threads import PARENT_TASK_DATA, Run

from awaits.testing.loops._trio.clock import VirtualTrioClock, awaited_here, token_here
from awaits.testing.loops.fence import check_names
from awaits.testing.loops.stacks import ASKING, POOLS, WORKERS
from awaits.testing.loops.threads import threads_beside

check_names(
    "trio",
    {
        type(PARENT_TASK_DATA): ["task_register"],
        WorkerThread: ["_work"],
        _threads: ["_send_message_to_trio"],
        Run: ["run", "run_in_host_task", "run_in_system_nursery", "run_system"],
    },
)
POOLS.add((WorkerThread.__module__, WorkerThread._work.__qualname__))
WORKERS.add((WorkerThread.__module__, WorkerThread._work.__qualname__))
ASKING.add((_threads.__name__, "_send_message_to_trio"))


@functools.cache
def patch_threads() -> None:
    """In virtual time, do not count threads that wait for trio, by patching their messages."""
    for send in Run.run_in_host_task, Run.run_in_system_nursery:
        setattr(Run, send.__name__, _telling_who_asks(send))
    for run in Run.run, Run.run_system:
        setattr(Run, run.__name__, _counted(run))
    check_cancelled = trio.from_thread.check_cancelled

    @functools.wraps(check_cancelled)
    def asking() -> None:
        beside = threads_beside(token_here())
        if beside is not None:
            beside.asks_whether_it_is_cancelled()
        check_cancelled()

    setattr(trio.from_thread, check_cancelled.__name__.removeprefix("from_thread_"), asking)


_Send: TypeAlias = Callable[[Run[object], trio.lowlevel.TrioToken], None]
_RunMessage: TypeAlias = Callable[[Run[object]], Awaitable[None]]


def _telling_who_asks(send: _Send) -> _Send:
    @functools.wraps(send)
    def telling(self: Run[object], token: trio.lowlevel.TrioToken) -> None:
        is_worker = token_here() is token
        task: list[Task | None] = awaited_here() if is_worker else [None]
        vars(self)["asked_by"] = threading.get_ident(), task
        send(self, token)

    return telling


def _counted(run: _RunMessage) -> _RunMessage:
    @functools.wraps(run)
    async def counted(self: Run[object]) -> None:
        clock = GLOBAL_RUN_CONTEXT.runner.clock
        if not isinstance(clock, VirtualTrioClock):
            await run(self)
            return
        ident, task = cast("tuple[int, list[Task | None]]", vars(self)["asked_by"])
        clock.threads.waiting.append(ident)
        clock.threads.asking.append(task)
        try:
            await run(self)
        finally:
            clock.threads.waiting.remove(ident)
            clock.threads.asking.remove(task)

    return counted
