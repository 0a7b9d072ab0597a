import asyncio


async def serve(jobs: asyncio.Queue[str], done: list[str]) -> None:
    while True:
        try:
            job = await asyncio.wait_for(jobs.get(), 0.5)
        except TimeoutError:
            continue
        done.append(job)
