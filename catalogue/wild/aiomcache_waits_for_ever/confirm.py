import asyncio

import aiomcache


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        name = line.split()[1]
        await asyncio.sleep(0.1)
        if name == b"tea":
            break
        writer.write(b"VALUE %s 0 %d\r\n%s\r\nEND\r\n" % (name, len(name), name))
    writer.close()


async def main() -> None:
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    client = aiomcache.Client(*server.sockets[0].getsockname(), pool_size=1)
    tea = asyncio.create_task(client.get(b"tea"))
    cake = asyncio.create_task(client.get(b"cake"))
    _, waiting = await asyncio.wait([tea, cake], timeout=2)
    print("tea:", repr(tea.exception()))
    print("connections of the pool:", client._pool.size())
    for task in waiting:
        task.cancel()
    server.close()
    if cake in waiting:
        raise SystemExit("nobody has a connection, and cake waited for one for 2 s")


asyncio.run(main())
