import asyncio

from aiojobs import Scheduler


async def main() -> None:
    scheduler = Scheduler(limit=1, pending_limit=1)
    await scheduler.spawn(asyncio.sleep(60))
    await scheduler.spawn(asyncio.sleep(60))
    spawning = asyncio.create_task(scheduler.spawn(asyncio.sleep(60)))
    await asyncio.sleep(0.1)  # it waits: one job runs, and one is pending
    await scheduler.close()
    job = await spawning
    print(job, "closed:", job.closed, "active:", job.active)
    try:
        async with asyncio.timeout(2):
            await job.wait()
    except TimeoutError:
        raise SystemExit("the scheduler is closed, and its job does not end") from None
    except asyncio.CancelledError:
        pass


asyncio.run(main())
