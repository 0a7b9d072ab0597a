from types import ModuleType
from unittest import mock

import anyio
import pytest

pytestmark = pytest.mark.anyio


async def none_is_lost(program: ModuleType) -> None:
    send, receive = anyio.create_memory_object_stream[str](10)
    got: list[str] = []

    async def log(job: str) -> None:
        await anyio.sleep(0.03)  # the disk

    async def put() -> None:
        async with send:
            for job in "one", "two", "three":
                await anyio.sleep(0.03)
                await send.send(job)

    async with anyio.create_task_group() as tasks, receive:
        tasks.start_soon(put)
        while len(got) < 3:
            job = await program.take(receive, log)
            if job is not None:
                got.append(job)
    assert got == ["one", "two", "three"]


async def test_waiting(program: ModuleType) -> None:
    await none_is_lost(program)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await none_is_lost(program)


@pytest.mark.virtual_time
@pytest.mark.explore(jitter=0.09)
async def test_explored_order(program: ModuleType) -> None:
    await none_is_lost(program)


async def test_patched(program: ModuleType) -> None:
    jobs = mock.Mock(receive=mock.AsyncMock(return_value="one"))
    log = mock.AsyncMock()
    assert await program.take(jobs, log) == "one"
    log.assert_awaited_once_with("one")
