import trio
from trio_websocket import ConnectionTimeout, open_websocket


async def silent(_stream: trio.SocketStream) -> None:
    await trio.sleep_forever()


async def main() -> None:
    async with trio.open_nursery() as tasks:
        listeners = await tasks.start(trio.serve_tcp, silent, 0)
        port = listeners[0].socket.getsockname()[1]
        with trio.move_on_after(3) as too_long:
            try:
                async with open_websocket(
                    "127.0.0.1", port, "/", use_ssl=False, connect_timeout=0.5
                ):
                    pass
            except ConnectionTimeout:
                print("timed out")
        tasks.cancel_scope.cancel()
    if too_long.cancelled_caught:
        raise SystemExit("connect_timeout is 0.5 s, and after 3 s the connection still waits")


trio.run(main)
