import anyio

from awaits.testing import virtual_time


async def worker(work: anyio.Event) -> None:
    await work.wait()


async def main() -> None:
    work = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(worker, work)
        await anyio.sleep(1)
        anyio.Event().set()  # another one


if __name__ == "__main__":
    anyio.run(main, backend_options=virtual_time("asyncio"))
