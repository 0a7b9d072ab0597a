import asyncio
import contextlib
import socket

import pytest

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


@pytest.mark.explore(1000)
async def test_a_server_that_was_not_started_does_not_listen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    starting = asyncio.create_task(asyncio.start_server(hang_up, "127.0.0.1", port))
    await asyncio.sleep(0)
    starting.cancel()
    await asyncio.wait([starting])
    if starting.cancelled():
        with contextlib.suppress(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
            raise AssertionError("its start was cancelled, and it listens")
    else:
        starting.result().close()
