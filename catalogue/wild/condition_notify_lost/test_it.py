import asyncio

import pytest

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


@pytest.mark.explore(1000)
async def test_who_is_cancelled_does_not_take_the_notification_along() -> None:
    condition = asyncio.Condition()
    items: list[str] = []

    async def consume() -> None:
        async with condition:
            await condition.wait_for(lambda: items)
            items.pop()

    async def cancel(task: "asyncio.Task[None]") -> None:
        await asyncio.sleep(1)
        task.cancel()

    async def produce() -> None:
        await asyncio.sleep(1)
        async with condition:
            items.append("tea")
            condition.notify()

    consumers = [asyncio.create_task(consume()) for _ in range(2)]
    await asyncio.gather(cancel(consumers[0]), produce())
    await asyncio.wait(consumers, timeout=1)
    assert not items, "there is an item, and somebody waits for one"
    consumers[1].cancel()
