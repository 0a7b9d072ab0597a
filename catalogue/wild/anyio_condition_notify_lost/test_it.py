import anyio
import pytest

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


@pytest.mark.explore(1000)
async def test_who_is_cancelled_does_not_take_the_notification_along() -> None:
    condition = anyio.Condition()
    items: list[str] = []
    impatient = anyio.CancelScope()

    async def consume(scope: anyio.CancelScope) -> None:
        with scope:
            async with condition:
                while not items:
                    await condition.wait()
                items.pop()

    async def cancel() -> None:
        await anyio.sleep(1)
        impatient.cancel()

    async def produce() -> None:
        await anyio.sleep(1)
        async with condition:
            items.append("tea")
            condition.notify()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(consume, impatient)
        tasks.start_soon(consume, anyio.CancelScope())
        tasks.start_soon(cancel)
        tasks.start_soon(produce)
        await anyio.sleep(2)
        assert not items, "there is an item, and somebody waits for one"
        tasks.cancel_scope.cancel()
