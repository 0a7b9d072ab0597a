from collections.abc import AsyncIterator

import anyio
from anyio.streams.memory import MemoryObjectSendStream


async def _measure(send: MemoryObjectSendStream[int]) -> None:
    async with send:
        for value in range(100):
            await anyio.sleep(0.01)  # the sensor
            await send.send(value)


async def _values() -> AsyncIterator[int]:
    send, receive = anyio.create_memory_object_stream[int]()
    async with anyio.create_task_group() as tasks, receive:
        tasks.start_soon(_measure, send)
        async for value in receive:
            yield value


async def first_above(limit: int) -> int:
    above = 0
    async for value in _values():
        if value > limit:
            above = value
            break
    return above
