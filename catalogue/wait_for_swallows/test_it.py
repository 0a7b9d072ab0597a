import asyncio
import contextlib
from types import ModuleType
from unittest import mock

import pytest

pytestmark = pytest.mark.anyio


async def stops(program: ModuleType) -> None:
    jobs: asyncio.Queue[str] = asyncio.Queue()
    server = asyncio.create_task(program.serve(jobs, []))

    async def client() -> None:
        await asyncio.sleep(0.05)  # the network
        jobs.put_nowait("paint")

    async def operator() -> None:
        await asyncio.sleep(0.05)
        server.cancel()

    await asyncio.gather(operator(), client())
    await asyncio.wait([server], timeout=0.2)
    assert server.done()


async def test_waiting(program: ModuleType) -> None:
    await stops(program)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await stops(program)


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await stops(program)


async def test_patched(program: ModuleType) -> None:
    jobs = mock.Mock(get=mock.AsyncMock(side_effect=["paint", asyncio.CancelledError]))
    done: list[str] = []
    with contextlib.suppress(asyncio.CancelledError):
        await program.serve(jobs, done)
    assert done == ["paint"]
