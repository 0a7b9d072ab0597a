import asyncio
from types import ModuleType
from unittest import mock

import pytest

pytestmark = pytest.mark.anyio


async def stops(program: ModuleType) -> None:
    booked: list[str] = []

    async def book(account: str) -> None:
        if account == "closed":
            raise ConnectionError(account)
        await asyncio.sleep(0.05)  # the bank
        booked.append(account)

    assert await program.pay_all(["open", "closed"], book) == "stopped"
    when_it_said_so = list(booked)
    await asyncio.sleep(0.1)
    assert booked == when_it_said_so


async def test_waiting(program: ModuleType) -> None:
    await stops(program)


async def test_patched(program: ModuleType) -> None:
    book = mock.AsyncMock(side_effect=[None, ConnectionError])
    assert await program.pay_all(["open", "closed"], book) == "stopped"
    assert book.await_count == 2


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await stops(program)


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await stops(program)
