from types import ModuleType
from unittest import mock

import anyio
import pytest

pytestmark = pytest.mark.anyio


async def ends(program: ModuleType) -> None:
    with anyio.fail_after(2):
        assert await program.watched([]) == "done"


async def test_waiting(program: ModuleType) -> None:
    await ends(program)


async def test_patched(program: ModuleType) -> None:
    with mock.patch.object(program, "heartbeat", heartbeat_of_a_test):
        await ends(program)


async def heartbeat_of_a_test(
    beats: list[float], *, task_status: anyio.abc.TaskStatus[None]
) -> None:
    task_status.started()


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await ends(program)


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await ends(program)
