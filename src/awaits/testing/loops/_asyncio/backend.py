"""anyio's asyncio backend, adapted to virtual time.

Private names, read in anyio 4.16.0: `anyio._backends._asyncio.AsyncIOBackend`, with its methods
`wait_all_tasks_blocked`, `run_sync_in_worker_thread` and `check_cancelled`; `loaded_backends`,
where anyio keeps the backend that it uses; `WorkerThread.run`, in which an idle worker waits.
"""

# pyright: reportPrivateUsage=false

import functools
from asyncio import get_running_loop
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple, cast

from anyio import CapacityLimiter
from anyio._backends._asyncio import AsyncIOBackend, WorkerThread
from anyio._core._eventloop import loaded_backends

from awaits.testing.loops._asyncio.loop import VirtualEventLoop
from awaits.testing.loops._asyncio.workers import loop_of_this_worker, work
from awaits.testing.loops.fence import check_names
from awaits.testing.loops.portals import patch_portals
from awaits.testing.loops.stacks import POOLS, WORKERS

check_names(
    "anyio",
    {
        AsyncIOBackend: [
            "check_cancelled",
            "current_default_thread_limiter",
            "run_sync_in_worker_thread",
            "wait_all_tasks_blocked",
        ],
    },
)
if "run" not in vars(WorkerThread):  # then it only inherits one
    raise ImportError("WorkerThread has no run of its own", name="anyio")
POOLS.add((WorkerThread.__module__, WorkerThread.run.__qualname__))
WORKERS.add((WorkerThread.__module__, WorkerThread.run.__qualname__))

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class VirtualAsyncIOBackend(AsyncIOBackend):
    """anyio's asyncio backend, which knows about event loops in virtual time."""

    @classmethod
    async def wait_all_tasks_blocked(cls) -> None:
        """Wait for the event loop to be idle. anyio itself polls, with sleeps of 0.1 seconds."""
        loop = get_running_loop()
        if not isinstance(loop, VirtualEventLoop):
            await super().wait_all_tasks_blocked()
            return
        await cls.checkpoint()
        waiter = loop.create_future()
        loop.waiting_for_idle.append(waiter)
        await waiter

    @classmethod
    async def run_sync_in_worker_thread(
        cls,
        func: Callable[[*Ts], T],
        args: tuple[*Ts],
        abandon_on_cancel: bool = False,
        limiter: CapacityLimiter | None = None,
    ) -> T:
        """Count the thread as out: anyio has worker threads of its own, and uses no executor."""
        loop = get_running_loop()
        if not isinstance(loop, VirtualEventLoop):
            return await super().run_sync_in_worker_thread(func, args, abandon_on_cancel, limiter)
        counting = _CountingLimiter(limiter or cls.current_default_thread_limiter(), loop)

        def begin() -> T:
            loop.sent.discard(counting)
            return work(loop, counting.awaited, func, *args)

        return await super().run_sync_in_worker_thread(
            begin, (), abandon_on_cancel, cast("CapacityLimiter", counting)
        )


class _CountingLimiter:
    """A limiter for anyio that tells the event loop how many of its worker threads are out."""

    def __init__(self, limiter: CapacityLimiter, loop: VirtualEventLoop) -> None:
        self._limiter = limiter
        self._loop = loop
        self.awaited: list[object] = [self]

    async def __aenter__(self) -> None:
        await self._limiter.acquire()
        self._loop.threads.n_out += 1
        self._loop.sent.add(self)

    async def __aexit__(self, *_error: object) -> None:
        self._loop.sent.discard(self)
        self.awaited.clear()
        self._loop.thread_is_back()
        self._limiter.release()


def install() -> None:
    """Make anyio use the backend above, and its portals report which futures threads wait for."""
    loaded_backends["asyncio"] = VirtualAsyncIOBackend
    patch_portals()
    _patch_workers()


@functools.cache
def _patch_workers() -> None:
    """Notice workers that ask whether they are cancelled. They ask anyio's own class."""
    check_cancelled = AsyncIOBackend.check_cancelled

    def asking() -> None:
        loop = loop_of_this_worker()
        if loop is not None:
            loop.threads.asks_whether_it_is_cancelled()
        check_cancelled()

    setattr(AsyncIOBackend, check_cancelled.__name__, staticmethod(asking))
