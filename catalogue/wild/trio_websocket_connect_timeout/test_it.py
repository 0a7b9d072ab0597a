import pytest
import trio
from trio_websocket import ConnectionTimeout, open_websocket

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


@pytest.mark.explore(1000)
async def test_a_connection_takes_no_longer_than_its_timeout() -> None:
    async def silent(_stream: trio.SocketStream) -> None:
        await trio.sleep_forever()

    async with trio.open_nursery() as tasks:
        listeners = await tasks.start(trio.serve_tcp, silent, 0)
        port = listeners[0].socket.getsockname()[1]
        with trio.move_on_after(60) as minute, pytest.raises(ConnectionTimeout):
            async with open_websocket("127.0.0.1", port, "/", use_ssl=False, connect_timeout=1):
                pass
        assert not minute.cancelled_caught, "connect_timeout is 1 s, and a minute has passed"
        tasks.cancel_scope.cancel()
