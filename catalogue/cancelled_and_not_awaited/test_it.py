import asyncio
from types import ModuleType
from unittest import mock

import pytest

pytestmark = pytest.mark.anyio


async def ends_its_file(program: ModuleType) -> None:
    file: list[str] = []
    recorder = program.Recorder(file)
    await asyncio.sleep(0.02)
    await recorder.stop()
    assert file == ["end"]


async def test_waiting(program: ModuleType) -> None:
    await ends_its_file(program)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await ends_its_file(program)


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await ends_its_file(program)


async def test_patched(program: ModuleType) -> None:
    recorder = program.Recorder([])
    with mock.patch("asyncio.wait"), mock.patch.object(recorder, "_task") as task:
        await recorder.stop()
    task.cancel.assert_called_once()
