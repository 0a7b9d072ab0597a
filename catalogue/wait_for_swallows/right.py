import asyncio


async def serve(jobs: asyncio.Queue[str], done: list[str]) -> None:
    while True:
        try:
            async with asyncio.timeout(0.5):
                job = await jobs.get()
        except TimeoutError:
            continue
        done.append(job)
