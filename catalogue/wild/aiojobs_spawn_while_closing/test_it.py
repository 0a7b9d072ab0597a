import asyncio

import pytest
from aiojobs import Scheduler

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


@pytest.mark.explore(1000)
async def test_each_job_ends_when_the_scheduler_is_closed() -> None:
    scheduler = Scheduler(limit=1, pending_limit=1)

    async def work() -> None:
        await asyncio.sleep(60)

    async def spawn_and_wait() -> None:
        try:
            job = await scheduler.spawn(work())
        except RuntimeError:
            return  # it is closed
        await asyncio.wait([asyncio.ensure_future(job.wait())])

    users = [asyncio.create_task(spawn_and_wait()) for _ in range(3)]
    await asyncio.sleep(1)
    await scheduler.close()
    _, waiting = await asyncio.wait(users, timeout=10)
    for user in waiting:
        user.cancel()
    assert not waiting, "the scheduler is closed, and its job does not end"
