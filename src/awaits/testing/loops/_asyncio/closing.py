"""The end of an event loop in virtual time: cancelled tasks that go on must not keep it open.

At its end, asyncio cancels all tasks that are left, once, and waits for them. If one swallowed this
and went on sleeping again and again, virtual time would move on for ever.

Private name, read in CPython 3.11.7, 3.12.1 and 3.13.0: `_cancel_all_tasks`, which does so. The
runners of anyio and pytest-asyncio use it, too.
"""

import math
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from awaits.testing.deadlock import does_not_close
from awaits.testing.loops.standing import standing, told

if TYPE_CHECKING:
    from awaits.testing.loops._asyncio.loop import VirtualEventLoop

SECONDS_TO_CLOSE = 3_600.0  # virtual ones


@contextmanager
def closing_in_time(loop: "VirtualEventLoop", caller: FrameType) -> Generator[None]:
    """If an event loop is closing, end what it runs in the block after an hour of its time.

    Args:
        loop: The event loop.
        caller: The frame that made it run something.

    Raises:
        DeadlockError: Tasks that were cancelled go on.
    """
    if caller.f_code.co_name != "_cancel_all_tasks":
        yield
        return
    loop.closes_at = loop.time() + SECONDS_TO_CLOSE
    try:
        yield
    except RuntimeError:
        if loop.time() <= loop.closes_at:
            raise
        tasks = [it for it in standing(loop.tasks(), loop.look) if not it.is_main]
        raise does_not_close(told(tasks), loop.time()) from None
    finally:
        loop.closes_at = math.inf
