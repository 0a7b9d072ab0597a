import asyncio
from types import ModuleType
from unittest import mock

import pytest

pytestmark = pytest.mark.anyio


async def records(program: ModuleType) -> None:
    log = program.Log()
    await program.record(log, ["in", "out"])
    await asyncio.sleep(0.2)
    assert log.written == ["in", "out"]


async def test_waiting(program: ModuleType) -> None:
    await records(program)


async def test_patched(program: ModuleType) -> None:
    log = program.Log()
    with mock.patch.object(log, "flush") as flush:
        await program.record(log, ["in", "out"])
        await asyncio.sleep(0.1)
    flush.assert_called_once()


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await records(program)


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await records(program)
