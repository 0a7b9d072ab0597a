"""The end of an event loop in virtual time: tasks that were cancelled and go on must not keep it.

asyncio cancels all tasks that are left, once, and waits for them. One that swallows that and goes
on with sleeps would have time move on for ever.

Private name, read in CPython 3.11.7, 3.12.1 and 3.13.0: `_cancel_all_tasks`, which does so; anyio's
and pytest-asyncio's runners are asyncio's.
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
    """Have what an event loop runs in the block end after an hour, if it is its own end.

    Args:
        loop: The event loop.
        caller: Who has it run something.

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
