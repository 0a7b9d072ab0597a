import socket

import anyio


async def announce(port: int) -> None:
    connection = socket.create_connection(("127.0.0.1", port))
    await anyio.sleep(1)  # the shop is slow
    connection.close()


async def sell(port: int) -> None:
    await anyio.sleep(1)
    await announce(port)
