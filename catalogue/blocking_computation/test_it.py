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
            await anyio.sleep(0.01)
            beats += 1

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(beat)
        assert not await program.log_in("sesame", b"")
        tasks.cancel_scope.cancel()
    assert beats >= 3


async def test_patched(program: ModuleType) -> None:
    with mock.patch("hashlib.pbkdf2_hmac", return_value=b"hashed"):
        assert await program.log_in("sesame", b"hashed")


@given(password=st.text(), stored=st.binary())
async def test_property(program: ModuleType, password: str, stored: bytes) -> None:
    with mock.patch("hashlib.pbkdf2_hmac", return_value=b"hashed"):
        assert await program.log_in(password, stored) == (stored == b"hashed")
