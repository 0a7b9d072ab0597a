import socket

import pytest

kept: list[socket.socket] = []


@pytest.mark.anyio
@pytest.mark.no_leftovers(allow="socket *")
async def test_the_listener_may_stay() -> None:
    kept.append(socket.create_server(("127.0.0.1", 0)))
