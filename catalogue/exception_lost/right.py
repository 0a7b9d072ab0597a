import asyncio
from collections.abc import Awaitable, Callable


async def publish(send: Callable[[str], Awaitable[None]], texts: list[str]) -> int:
    async with asyncio.TaskGroup() as tasks:
        for text in texts:
            tasks.create_task(_send(send, text))
    return len(texts)


async def _send(send: Callable[[str], Awaitable[None]], text: str) -> None:
    await send(text)
