import anyio

from awaits.testing import virtual_time


async def philosopher(left: anyio.Lock, right: anyio.Lock) -> None:
    async with left:
        await anyio.sleep(1)
        async with right:
            await anyio.sleep(1)


async def dine() -> None:
    one, other = anyio.Lock(), anyio.Lock()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(philosopher, one, other)
        tasks.start_soon(philosopher, other, one)


if __name__ == "__main__":
    anyio.run(dine, backend_options=virtual_time("asyncio"))
