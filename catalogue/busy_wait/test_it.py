from types import ModuleType
from unittest import mock

import anyio
import pytest

pytestmark = pytest.mark.anyio


async def is_waited_for(program: ModuleType) -> None:
    job = program.Job()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(job.run)
        assert await job.wait() == "done"


async def test_waiting(program: ModuleType) -> None:
    await is_waited_for(program)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await is_waited_for(program)


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await is_waited_for(program)


async def test_patched(program: ModuleType) -> None:
    job = program.Job()
    with mock.patch("anyio.sleep"):
        await job.run()
        assert await job.wait() == "done"
