from collections import deque
from types import ModuleType
from unittest import mock

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.anyio


async def others_have_their_turn(program: ModuleType) -> None:
    queue, is_stopped = deque(range(100)), False

    def handle(number: int) -> None:
        nonlocal is_stopped
        if number == 50:
            assert is_stopped

    async def stop() -> None:
        nonlocal is_stopped
        is_stopped = True

    async def report(n_handled: int) -> None:
        await anyio.sleep(0.01)  # the screen

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(program.drain, queue, handle, report)
        tasks.start_soon(stop)


async def test_waiting(program: ModuleType) -> None:
    await others_have_their_turn(program)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await others_have_their_turn(program)


async def test_patched(program: ModuleType) -> None:
    handle, report = mock.Mock(), mock.AsyncMock()
    await program.drain(deque([1, 2]), handle, report)
    report.assert_awaited_once_with(2)


@given(numbers=st.lists(st.integers()))
async def test_property(program: ModuleType, numbers: list[int]) -> None:
    handled: list[int] = []
    await program.drain(deque(numbers), handled.append, mock.AsyncMock())
    assert handled == numbers
