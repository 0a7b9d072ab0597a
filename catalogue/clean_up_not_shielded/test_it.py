from types import ModuleType
from unittest import mock

import anyio
import pytest

from awaits.testing import every_schedule

pytestmark = pytest.mark.anyio


class Session:
    def __init__(self) -> None:
        self.begun = self.is_logged_out = False

    async def work(self) -> None:
        self.begun = True
        await anyio.sleep(0.1)

    async def log_out(self) -> None:
        await anyio.sleep(0.02)  # the network
        self.is_logged_out = True


async def logs_out(program: ModuleType) -> None:
    session = Session()
    with anyio.move_on_after(0.05):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(program.use, session.work, session.log_out)
    assert session.is_logged_out == session.begun


async def test_waiting(program: ModuleType) -> None:
    await logs_out(program)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await logs_out(program)


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await logs_out(program)


@pytest.mark.virtual_time
async def test_cancelled_anywhere(program: ModuleType) -> None:
    for schedule in every_schedule(0, cancel=True):
        with schedule:
            await logs_out(program)


async def test_patched(program: ModuleType) -> None:
    work = mock.AsyncMock(side_effect=ConnectionError)
    log_out = mock.AsyncMock()
    with pytest.raises(ConnectionError):
        await program.use(work, log_out)
    log_out.assert_awaited_once()
