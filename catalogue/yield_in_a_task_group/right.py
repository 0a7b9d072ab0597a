from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream


async def _measure(send: MemoryObjectSendStream[int]) -> None:
    async with send:
        for value in range(100):
            await anyio.sleep(0.01)  # the sensor
            await send.send(value)


@asynccontextmanager
async def _values() -> AsyncGenerator[MemoryObjectReceiveStream[int], None]:
    send, receive = anyio.create_memory_object_stream[int]()
    async with anyio.create_task_group() as tasks, receive:
        tasks.start_soon(_measure, send)
        yield receive
        tasks.cancel_scope.cancel()


async def first_above(limit: int) -> int:
    above = 0
    async with _values() as values:
        async for value in values:
            if value > limit:
                above = value
                break
    return above
