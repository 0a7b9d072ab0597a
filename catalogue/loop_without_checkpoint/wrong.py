from collections import deque
from collections.abc import Awaitable, Callable


async def drain(
    queue: deque[int], handle: Callable[[int], None], report: Callable[[int], Awaitable[None]]
) -> None:
    n_handled = 0
    while queue:
        handle(queue.popleft())
        n_handled += 1
    await report(n_handled)
