"""Makes anyio's portals tell virtual event loops which futures threads may wait for.

Private names, read in anyio 4.16.0: `BlockingPortal._spawn_task_from_thread`, through which a
portal sends all that it is asked to run; the futures `_enter_future` of its context managers and
`_future` of its task status.
"""

import functools
from collections.abc import Callable
from concurrent.futures import Future

from anyio.from_thread import (
    BlockingPortal,
    _BlockingAsyncContextManager,
    _BlockingPortalTaskStatus,
)

from awaits.testing.loops.fence import check_names
from awaits.testing.loops.threads import threads_beside

# pyright: reportPrivateUsage=false

check_names(
    "anyio",
    {
        BlockingPortal: ["_spawn_task_from_thread", "_token"],
        _BlockingAsyncContextManager: ["_enter_future"],
        _BlockingPortalTaskStatus: ["_future"],
    },
)


@functools.cache
def patch_portals() -> None:
    """Make portals tell, in virtual time. anyio creates them, so patch them and do not subclass."""
    original = BlockingPortal._spawn_task_from_thread

    def _spawn_task_from_thread(
        self: BlockingPortal,
        func: Callable[..., object],
        args: tuple[object, ...],
        kwargs: dict[str, object],
        name: object,
        future: Future[object],
    ) -> None:
        threads = threads_beside(self._token.native_token)
        if threads is not None:
            entered = getattr(getattr(func, "__self__", None), "_enter_future", None)
            started = getattr(kwargs.get("task_status"), "_future", None)
            for asked in (future, entered, started):
                if isinstance(asked, Future):
                    threads.may_wait_for(asked)
        original(self, func, args, kwargs, name, future)

    setattr(BlockingPortal, original.__name__, _spawn_task_from_thread)
