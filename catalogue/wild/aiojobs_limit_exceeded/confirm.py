import asyncio

from aiojobs import Scheduler


async def work(name: str) -> None:
    print(name, "begins")
    await asyncio.sleep(0.5)
    print(name, "ends")


async def main() -> None:
    scheduler = Scheduler(limit=1)
    jobs = [await scheduler.spawn(work(name)) for name in ("first", "second", "third")]
    await asyncio.sleep(0.1)
    await jobs[2].close()
    await asyncio.sleep(0.1)
    active = [job.active for job in jobs]
    print("active:", active)
    await scheduler.close()
    if sum(active) > 1:
        raise SystemExit(f"{sum(active)} jobs run, and the limit is 1")


asyncio.run(main())
