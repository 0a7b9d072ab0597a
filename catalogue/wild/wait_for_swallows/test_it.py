import asyncio

import pytest

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


@pytest.mark.explore(1000)
async def test_a_worker_ends_when_it_is_cancelled() -> None:
    queue: asyncio.Queue[str] = asyncio.Queue()

    async def work() -> None:
        while True:
            await asyncio.wait_for(queue.get(), timeout=60)

    async def cancel() -> None:
        await asyncio.sleep(1)
        worker.cancel()

    async def produce() -> None:
        await asyncio.sleep(1)
        queue.put_nowait("tea")

    worker = asyncio.create_task(work())
    await asyncio.gather(cancel(), produce())
    await asyncio.wait([worker], timeout=10)
    assert worker.cancelled(), "it was cancelled, and goes on"
