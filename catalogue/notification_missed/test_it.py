from types import ModuleType
from unittest import mock

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.anyio


async def show(text: str) -> None:
    await anyio.sleep(0.01)  # the screen


async def gets(program: ModuleType) -> None:
    mailbox, got = program.Mailbox(show), []

    async def read() -> None:
        got.append(await mailbox.get())

    async def write() -> None:
        await anyio.sleep(0.05)  # the post
        mailbox.put("Dear Ada")

    with anyio.move_on_after(1):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read)
            tasks.start_soon(write)
    assert got == ["Dear Ada"]


async def test_waiting(program: ModuleType) -> None:
    await gets(program)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await gets(program)


@pytest.mark.virtual_time
@pytest.mark.explore(jitter=0.1)
async def test_explored_order(program: ModuleType) -> None:
    await gets(program)


async def test_patched(program: ModuleType) -> None:
    mailbox, got = program.Mailbox(mock.AsyncMock()), []

    async def read() -> None:
        got.append(await mailbox.get())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        await anyio.wait_all_tasks_blocked()
        mailbox.put("Dear Ada")
    assert got == ["Dear Ada"]


@given(letters=st.lists(st.text(), min_size=1))
async def test_property(program: ModuleType, letters: list[str]) -> None:
    mailbox = program.Mailbox(mock.AsyncMock())
    for letter in letters:
        mailbox.put(letter)
    assert [await mailbox.get() for _ in letters] == letters
