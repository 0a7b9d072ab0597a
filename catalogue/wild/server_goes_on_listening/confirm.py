import asyncio
import gc
import socket


async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def main() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    starting = asyncio.create_task(asyncio.start_server(hang_up, "127.0.0.1", port))
    while True:
        await asyncio.sleep(0)
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            continue
        break
    print("it listens; start_server has returned:", starting.done())
    starting.cancel()
    await asyncio.wait([starting])
    print("start_server was cancelled:", starting.cancelled())
    gc.collect()
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return
    writer.close()
    raise SystemExit("the port still takes connections, and nobody has the server")


asyncio.run(main())
