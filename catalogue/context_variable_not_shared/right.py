from contextvars import ContextVar

import anyio

user: ContextVar[str] = ContextVar("user", default="nobody")


async def _log_in(name: str) -> None:
    await anyio.sleep(0.02)  # the database
    user.set(name)


async def greeting(name: str) -> str:
    await _log_in(name)
    return f"Hello, {user.get()}!"
