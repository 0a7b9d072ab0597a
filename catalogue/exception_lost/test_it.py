import asyncio
import contextlib
from types import ModuleType
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.anyio


async def publishes(program: ModuleType, texts: list[str]) -> None:
    sent: list[str] = []

    async def send(text: str) -> None:
        await asyncio.sleep(0.05)  # the network
        if not text:
            raise ConnectionError("refused")
        sent.append(text)

    n_said = 0
    with contextlib.suppress(ExceptionGroup):
        n_said = await program.publish(send, texts)
    assert n_said in (0, len(sent))


async def test_waiting(program: ModuleType) -> None:
    await publishes(program, ["one", ""])


async def test_patched(program: ModuleType) -> None:
    send = mock.AsyncMock()
    assert await program.publish(send, ["one", ""]) == 2
    assert send.await_count == 2


@given(texts=st.lists(st.text()))
async def test_property(program: ModuleType, texts: list[str]) -> None:
    with mock.patch("asyncio.sleep"):
        await publishes(program, texts)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await publishes(program, ["one", ""])


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await publishes(program, ["one", ""])
