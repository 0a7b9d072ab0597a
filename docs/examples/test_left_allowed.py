import atexit
import socket

import pytest


@pytest.mark.anyio
@pytest.mark.no_leftovers(allow="socket *")
async def test_the_listener_may_stay() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    atexit.register(listener.close)
