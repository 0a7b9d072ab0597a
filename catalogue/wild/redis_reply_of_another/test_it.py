import asyncio
import contextlib

import pytest
from redis.asyncio import Redis

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer each GET with the name of its key."""
    while line := await reader.readline():
        words = []
        for _ in range(int(line[1:])):
            await reader.readline()  # the length
            words.append((await reader.readline()).strip())
        name = words[-1]
        if name == b"tea":
            await asyncio.sleep(2)
        writer.write(b"$%d\r\n%s\r\n" % (len(name), name) if words[0] == b"GET" else b"+OK\r\n")
    writer.close()


@pytest.mark.explore(1000)
async def test_a_reply_is_the_one_to_the_command() -> None:
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    client = Redis(port=server.sockets[0].getsockname()[1])

    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1):
            await client.get("tea")
    reply = await client.get("cake")
    assert reply == b"cake", f"the reply was {reply!r}"
    await client.close()
    await client.connection_pool.disconnect()
    server.close()
    await server.wait_closed()
