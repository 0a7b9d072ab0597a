import anyio
import pytest

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


@pytest.mark.explore(1000)
async def test_a_semaphore_is_free_when_who_had_it_lets_go() -> None:
    semaphore = anyio.Semaphore(1)
    impatient = anyio.CancelScope()

    async def work(scope: anyio.CancelScope) -> None:
        with scope:
            async with semaphore:
                await anyio.sleep(1)

    async def cancel() -> None:
        await anyio.sleep(1)
        impatient.cancel()

    async def come_later() -> None:
        await anyio.sleep(1)
        with anyio.fail_after(10):
            async with semaphore:
                pass

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(work, anyio.CancelScope())
        tasks.start_soon(work, impatient)
        tasks.start_soon(cancel)
        tasks.start_soon(come_later)
