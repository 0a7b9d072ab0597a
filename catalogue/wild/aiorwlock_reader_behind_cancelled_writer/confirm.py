import asyncio

from aiorwlock import RWLock


async def main() -> None:
    lock = RWLock()

    async def write() -> None:
        async with lock.writer:
            pass

    async def read() -> None:
        async with lock.reader:
            print("a second reader reads")

    async with lock.reader:
        writer = asyncio.create_task(write())
        await asyncio.sleep(0.1)
        reader = asyncio.create_task(read())
        await asyncio.sleep(0.1)
        writer.cancel()
        await asyncio.wait([reader], timeout=2)
        waits = not reader.done()
        print(lock, "the second reader waits:", waits)
        newcomer = asyncio.create_task(read())
        await asyncio.wait([newcomer], timeout=0.1)
    await reader
    if waits:
        raise SystemExit(
            "only a reader has the lock, nobody else wants it, and a second reader waited for 2 s"
        )


asyncio.run(main())
