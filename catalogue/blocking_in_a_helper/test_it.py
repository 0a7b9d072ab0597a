from types import ModuleType
from unittest import mock

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.anyio


async def test_waiting(program: ModuleType) -> None:
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await anyio.sleep(0.02)
            beats += 1

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(beat)
        assert await program.greeting(program.Database(), "ada") == "Hello, Ada!"
        tasks.cancel_scope.cancel()
    assert beats >= 3


async def test_patched(program: ModuleType) -> None:
    database = mock.Mock(query=mock.Mock(return_value="ADA"))
    assert await program.greeting(database, "ada") == "Hello, Ada!"


@given(key=st.sampled_from(["ada", "grace", "alan"]))
async def test_property(program: ModuleType, key: str) -> None:
    with mock.patch("time.sleep"):
        said = await program.greeting(program.Database(), key)
    assert said == f"Hello, {key.title()}!"
