import asyncio
import contextlib

import aiomcache


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        name = line.split()[1]
        await asyncio.sleep(0.2)
        writer.write(b"VALUE %s 0 %d\r\n%s\r\nEND\r\n" % (name, len(name), name))
    writer.close()


async def main() -> None:
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    client = aiomcache.Client(*server.sockets[0].getsockname(), pool_size=1)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.1):
            await client.get(b"tea")
    try:
        reply = await client.get(b"cake")
    except Exception as error:
        reply = repr(error)
    await asyncio.sleep(0.5)
    await client.close()
    await asyncio.sleep(0.1)
    server.close()
    print("asked for cake, got", reply)
    if reply != b"cake":
        raise SystemExit("the reply was the one to the command that was given up")


asyncio.run(main())
