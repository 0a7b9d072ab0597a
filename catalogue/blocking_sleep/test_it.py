from types import ModuleType
from unittest import mock

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.anyio


async def others_go_on(program: ModuleType) -> None:
    beats, answers = 0, [True, False]

    async def send() -> bool:
        await anyio.sleep(0.01)  # the network
        return answers.pop()

    async def beat() -> None:
        nonlocal beats
        while True:
            await anyio.sleep(0.02)
            beats += 1

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(beat)
        assert await program.deliver(send) == 2
        tasks.cancel_scope.cancel()
    assert beats >= 3


async def test_waiting(program: ModuleType) -> None:
    await others_go_on(program)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await others_go_on(program)


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await others_go_on(program)


async def test_patched(program: ModuleType) -> None:
    send = mock.AsyncMock(side_effect=[False, True])
    with mock.patch("time.sleep"), mock.patch("anyio.sleep"):
        assert await program.deliver(send) == 2


@given(failures=st.integers(0, 5))
async def test_property(program: ModuleType, failures: int) -> None:
    send = mock.AsyncMock(side_effect=[False] * failures + [True])
    with mock.patch("time.sleep"), mock.patch("anyio.sleep"):
        assert await program.deliver(send) == failures + 1
