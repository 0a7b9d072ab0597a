from contextvars import ContextVar

import anyio

user: ContextVar[str] = ContextVar("user", default="nobody")


async def _log_in(name: str) -> None:
    await anyio.sleep(0.02)  # the database
    user.set(name)


async def greeting(name: str) -> str:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_log_in, name)
    return f"Hello, {user.get()}!"
