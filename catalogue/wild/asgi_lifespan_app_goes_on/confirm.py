import asyncio
from collections.abc import Awaitable, Callable

import anyio
from asgi_lifespan import LifespanManager


async def app(
    _scope: object,
    receive: Callable[[], Awaitable[object]],
    send: Callable[[object], Awaitable[None]],
) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


async def main() -> None:
    with anyio.move_on_after(0.1):
        async with LifespanManager(app):
            await anyio.sleep(3600)
    print("the block has ended")
    await asyncio.sleep(1)
    left = asyncio.all_tasks() - {asyncio.current_task()}
    print("tasks that are left:", [task.get_coro().__qualname__ for task in left])
    raise SystemExit(bool(left))


anyio.run(main)
