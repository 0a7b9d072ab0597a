from types import ModuleType
from unittest import mock

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.anyio


async def reminds(program: ModuleType, names: list[str]) -> None:
    sent: list[str] = []

    async def send(text: str) -> None:
        await anyio.sleep(0.05)  # the mail server
        sent.append(text)

    assert await program.remind(names, send) == len(names)
    assert len(sent) == len(names)


async def test_waiting(program: ModuleType) -> None:
    await reminds(program, ["Ada"])


async def test_patched(program: ModuleType) -> None:
    send = mock.AsyncMock()
    assert await program.remind(["Ada"], send) == 1
    send.assert_called_once_with("Dear Ada, please pay.")


@given(names=st.lists(st.text()))
async def test_property(program: ModuleType, names: list[str]) -> None:
    with mock.patch("anyio.sleep"):
        await reminds(program, names)


@pytest.mark.virtual_time
async def test_virtual_time(program: ModuleType) -> None:
    await reminds(program, ["Ada"])


@pytest.mark.virtual_time
@pytest.mark.explore
async def test_explored_order(program: ModuleType) -> None:
    await reminds(program, ["Ada"])
