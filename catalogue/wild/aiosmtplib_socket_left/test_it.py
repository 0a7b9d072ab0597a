import anyio
import anyio.abc
import pytest
from aiosmtplib import SMTP

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


@pytest.mark.explore(1000)
async def test_a_client_that_gives_up_hangs_up() -> None:
    hung_up = anyio.Event()

    async def say_nothing(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            async for _ in stream:
                pass
        hung_up.set()

    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(listener.serve, say_nothing)
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        client = SMTP(hostname="127.0.0.1", port=port)
        with anyio.move_on_after(1) as connecting:
            await client.connect()
        assert connecting.cancelled_caught
        with anyio.move_on_after(10):
            await hung_up.wait()
        assert hung_up.is_set(), f"is connected: {client.is_connected}, and the socket is open"
        tasks.cancel_scope.cancel()
