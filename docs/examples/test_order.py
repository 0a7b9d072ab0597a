import anyio
import pytest


@pytest.mark.anyio
async def test_the_shorter_sleep_ends_first() -> None:
    ended: list[float] = []

    async def sleeper(seconds: float) -> None:
        await anyio.sleep(seconds)
        ended.append(seconds)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(sleeper, 0.2)
        tasks.start_soon(sleeper, 0.1)

    assert ended == [0.1, 0.2]
