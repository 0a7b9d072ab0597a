import anyio
import pytest

from awaits.testing import VirtualClock

pytestmark = pytest.mark.anyio


async def retry_every_minute(tries: list[float]) -> None:
    while True:
        tries.append(anyio.current_time())
        await anyio.sleep(60)


async def test_it_tries_again_every_minute(virtual_clock: VirtualClock) -> None:
    tries: list[float] = []
    virtual_clock.hold()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(retry_every_minute, tries)
        await virtual_clock.advance(59)
        assert tries == [0.0]
        await virtual_clock.advance(61)
        assert tries == [0.0, 60.0, 120.0]
        tasks.cancel_scope.cancel()
