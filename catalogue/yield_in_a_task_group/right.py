from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

Read: TypeAlias = Callable[[], Awaitable[int]]


async def _measure(read: Read, send: MemoryObjectSendStream[int]) -> None:
    async with send:
        while True:
            await send.send(await read())


@asynccontextmanager
async def _values(read: Read) -> AsyncGenerator[MemoryObjectReceiveStream[int], None]:
    send, receive = anyio.create_memory_object_stream[int]()
    async with anyio.create_task_group() as tasks, receive:
        tasks.start_soon(_measure, read, send)
        yield receive
        tasks.cancel_scope.cancel()


async def first_above(limit: int, read: Read) -> int:
    above = 0
    async with _values(read) as values:
        async for value in values:
            if value > limit:
                above = value
                break
    return above
