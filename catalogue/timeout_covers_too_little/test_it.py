from types import ModuleType
from unittest import mock

import anyio
import pytest

pytestmark = pytest.mark.anyio


async def connect() -> None:
    await anyio.sleep(0.02)  # the network


async def silence() -> str:
    await anyio.sleep_forever()
    return "never"


async def gives_up(program: ModuleType) -> None:
    with anyio.move_on_after(2) as scope:
        with pytest.raises(TimeoutError):
            await program.answer(connect, silence)
    assert not scope.cancelled_caught


async def test_waiting(program: ModuleType) -> None:
    await gives_up(program)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await gives_up(program)


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await gives_up(program)


async def test_patched(program: ModuleType) -> None:
    ask = mock.AsyncMock(side_effect=TimeoutError)
    with pytest.raises(TimeoutError):
        await program.answer(mock.AsyncMock(), ask)
