import time

import anyio
import pytest

pytestmark = pytest.mark.anyio


async def test_it_pauses() -> None:
    began = time.monotonic()
    await anyio.sleep(0.1)
    assert time.monotonic() - began >= 0.1
