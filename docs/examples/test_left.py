import asyncio
import socket

import pytest


async def work() -> None:
    await asyncio.sleep(1)


@pytest.mark.anyio
async def test_it_works() -> None:
    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()  # and who waits until it is?
    listener = socket.create_server(("127.0.0.1", 0))
    assert listener.fileno() > 0
