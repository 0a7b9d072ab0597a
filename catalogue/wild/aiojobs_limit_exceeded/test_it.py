import asyncio

import pytest
from aiojobs import Scheduler

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


@pytest.mark.explore(1000)
async def test_no_more_jobs_run_than_the_limit_says() -> None:
    running = most = 0

    async def work() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(5)
        running -= 1

    scheduler = Scheduler(limit=1)
    jobs = [await scheduler.spawn(work()) for _ in range(3)]
    await asyncio.sleep(1)
    await jobs[2].close()
    await asyncio.sleep(20)
    await scheduler.close()
    assert most == 1, f"{most} ran at the same time"
