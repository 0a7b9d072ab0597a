import asyncio
import contextlib

import pytest
from aiorwlock import RWLock

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


@pytest.mark.explore(1000)
async def test_readers_read_together_when_no_writer_waits() -> None:
    lock = RWLock()
    both_read = asyncio.Barrier(2)

    async def read() -> None:
        async with lock.reader:
            await both_read.wait()

    async def write() -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1), lock.writer:
                pass

    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        tasks.create_task(read())
        tasks.create_task(write())
        tasks.create_task(read())
