import asyncio
from collections.abc import Awaitable, Callable

running: set[asyncio.Task[None]] = set()


async def deliver(wait_for_answer: Callable[[], Awaitable[str]], inbox: list[str]) -> None:
    inbox.append(await wait_for_answer())


def in_background(wait_for_answer: Callable[[], Awaitable[str]], inbox: list[str]) -> None:
    task = asyncio.create_task(deliver(wait_for_answer, inbox))
    running.add(task)
    task.add_done_callback(running.discard)
