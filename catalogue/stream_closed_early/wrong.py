import anyio
from anyio.streams.memory import MemoryObjectSendStream


async def _produce(send: MemoryObjectSendStream[int], number: int) -> None:
    async with send:
        await anyio.sleep(0.02)  # the work
        await send.send(number)


async def total(numbers: list[int]) -> int:
    result = 0
    send, receive = anyio.create_memory_object_stream[int]()
    async with anyio.create_task_group() as tasks, receive:
        async with send:
            for number in numbers:
                tasks.start_soon(_produce, send, number)
        async for number in receive:
            result += number
    return result
