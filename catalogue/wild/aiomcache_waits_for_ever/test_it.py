import asyncio
import contextlib

import aiomcache
import pytest

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hang up without an answer on who asks for tea."""
    while line := await reader.readline():
        name = line.split()[1]
        if name == b"tea":
            break
        writer.write(b"VALUE %s 0 %d\r\n%s\r\nEND\r\n" % (name, len(name), name))
    writer.close()


@pytest.mark.explore(1000)
async def test_who_waits_for_a_connection_gets_one_when_the_server_hangs_up() -> None:
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    client = aiomcache.Client(*server.sockets[0].getsockname(), pool_size=1)
    tea = asyncio.create_task(client.get(b"tea"))
    cake = asyncio.create_task(client.get(b"cake"))
    _, waiting = await asyncio.wait([tea, cake], timeout=10)
    for task in waiting:
        task.cancel()
    await client.close()
    server.close()
    await server.wait_closed()
    with contextlib.suppress(aiomcache.ClientException):
        tea.result()
    assert not waiting, "nobody has the connection, and it waits for one"
