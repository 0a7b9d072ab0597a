import pytest
import trio
from trio_websocket import ConnectionRejected, open_websocket

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

NO = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.explore(1000)
async def test_the_client_hangs_up_when_it_is_rejected() -> None:
    hung_up = trio.Event()

    async def reject(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        await stream.send_all(NO)
        if await stream.receive_some() == b"":
            hung_up.set()

    async with trio.open_nursery() as tasks:
        listeners = await tasks.start(trio.serve_tcp, reject, 0)
        port = listeners[0].socket.getsockname()[1]
        with pytest.raises(ConnectionRejected) as rejected:
            async with open_websocket("127.0.0.1", port, "/", use_ssl=False):
                pass
        with trio.move_on_after(10):
            await hung_up.wait()
        assert hung_up.is_set(), f"after {rejected.value}, the socket is still open"
        tasks.cancel_scope.cancel()
