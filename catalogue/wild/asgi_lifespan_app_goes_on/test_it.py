from collections.abc import Awaitable, Callable

import anyio
import pytest
from asgi_lifespan import LifespanManager

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


@pytest.mark.explore(1000)
async def test_the_application_ends_where_its_manager_does() -> None:
    is_running = False

    async def app(
        scope: object,
        receive: Callable[[], Awaitable[object]],
        send: Callable[[object], Awaitable[None]],
    ) -> None:
        nonlocal is_running
        is_running = True
        try:
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
        finally:
            is_running = False

    with anyio.move_on_after(1):
        async with LifespanManager(app):
            await anyio.sleep_forever()
    await anyio.sleep(5)
    assert not is_running, "the application still runs"
