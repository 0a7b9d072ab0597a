import asyncio
from collections.abc import Awaitable, Callable


async def publish(send: Callable[[str], Awaitable[None]], texts: list[str]) -> int:
    tasks = [asyncio.create_task(_send(send, text)) for text in texts]
    while any(not task.done() for task in tasks):
        await asyncio.wait(tasks)
    return len(texts)


async def _send(send: Callable[[str], Awaitable[None]], text: str) -> None:
    await send(text)
