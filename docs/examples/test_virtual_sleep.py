import anyio
import pytest


@pytest.mark.anyio
@pytest.mark.virtual_time
async def test_five_seconds_are_five_seconds() -> None:
    await anyio.sleep(5)
    assert anyio.current_time() == 5.0
