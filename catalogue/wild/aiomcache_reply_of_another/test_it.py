import asyncio
import contextlib

import aiomcache
import pytest

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer each get with the name of its key."""
    while line := await reader.readline():
        name = line.split()[1]
        if name == b"tea":
            await asyncio.sleep(2)
        writer.write(b"VALUE %s 0 %d\r\n%s\r\nEND\r\n" % (name, len(name), name))
    writer.close()


@pytest.mark.explore(1000)
async def test_a_reply_is_the_one_to_the_command() -> None:
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    client = aiomcache.Client(*server.sockets[0].getsockname(), pool_size=1)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1):
            await client.get(b"tea")
    try:
        reply = await client.get(b"cake")
    finally:
        await client.close()
        server.close()
        await server.wait_closed()
    assert reply == b"cake", f"the reply was {reply!r}"
