import asyncio

import pytest
from aiorwlock import RWLock

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


@pytest.mark.explore(1000)
async def test_a_writer_is_alone() -> None:
    lock = RWLock()
    inside: list[str] = []

    async def write(name: str) -> None:
        async with lock.writer:
            assert not inside, f"{name} writes beside {inside}"
            inside.append(name)
            try:
                await asyncio.sleep(2)
            finally:
                inside.remove(name)

    async def cancel() -> None:
        await asyncio.sleep(1)
        writers[1].cancel()

    writers = [asyncio.create_task(write(name)) for name in ("first", "second", "third")]
    await cancel()
    await asyncio.wait(writers, timeout=10)
    for writer in writers:
        assert writer.done(), "it never gets the lock"
        if not writer.cancelled():
            writer.result()
