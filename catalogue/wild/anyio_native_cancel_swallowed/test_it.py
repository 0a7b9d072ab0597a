import asyncio

import anyio
import pytest

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


@pytest.mark.explore(1000)
async def test_a_worker_ends_when_it_is_cancelled() -> None:
    async def work() -> None:
        while True:
            with anyio.CancelScope() as scope:
                scopes.append(scope)
                await anyio.sleep(60)

    async def give_up() -> None:
        await asyncio.sleep(1)
        scopes[0].cancel()

    async def cancel() -> None:
        await asyncio.sleep(1)
        worker.cancel()

    scopes: list[anyio.CancelScope] = []
    worker = asyncio.create_task(work())
    await asyncio.gather(give_up(), cancel())
    await asyncio.wait([worker], timeout=10)
    ended = worker.done()
    worker.cancel()
    await asyncio.wait([worker])
    assert ended, "it was cancelled, and goes on"
