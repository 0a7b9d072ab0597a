import asyncio

import pytest

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


@pytest.mark.explore(1000)
async def test_a_worker_ends_when_it_is_cancelled() -> None:
    async def fail() -> None:
        await asyncio.sleep(1)
        raise ValueError

    async def work() -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(fail())
                await asyncio.sleep(60)
        except* ValueError:
            pass
        await asyncio.sleep(60)

    async def cancel() -> None:
        await asyncio.sleep(1)
        worker.cancel()

    worker = asyncio.create_task(work())
    await cancel()
    await asyncio.wait([worker], timeout=10)
    assert worker.cancelled(), "it was cancelled, and goes on"
