import anyio
import pytest


async def philosopher(left: anyio.Lock, right: anyio.Lock) -> None:
    async with left:
        await anyio.sleep(0.1)
        async with right:
            pass


@pytest.mark.anyio
async def test_all_have_eaten() -> None:
    one, other = anyio.Lock(), anyio.Lock()
    async with anyio.create_task_group() as table:
        table.start_soon(philosopher, one, other)
        table.start_soon(philosopher, other, one)
