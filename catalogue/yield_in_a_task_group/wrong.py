from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeAlias

import anyio
from anyio.streams.memory import MemoryObjectSendStream

Read: TypeAlias = Callable[[], Awaitable[int]]


async def _measure(read: Read, send: MemoryObjectSendStream[int]) -> None:
    async with send:
        while True:
            await send.send(await read())


async def _values(read: Read) -> AsyncIterator[int]:
    send, receive = anyio.create_memory_object_stream[int]()
    async with anyio.create_task_group() as tasks, receive:
        tasks.start_soon(_measure, read, send)
        async for value in receive:
            yield value


async def first_above(limit: int, read: Read) -> int:
    above = 0
    async for value in _values(read):
        if value > limit:
            above = value
            break
    return above
