import trio
from trio_websocket import ConnectionRejected, open_websocket

NO = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"


async def main() -> None:
    hung_up = trio.Event()

    async def reject(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        await stream.send_all(NO)
        if await stream.receive_some() == b"":
            hung_up.set()

    async with trio.open_nursery() as tasks:
        listeners = await tasks.start(trio.serve_tcp, reject, 0)
        port = listeners[0].socket.getsockname()[1]
        kept = None
        try:
            async with open_websocket("127.0.0.1", port, "/", use_ssl=False):
                pass
        except ConnectionRejected as error:
            kept = error  # as a program that logs it later does
        with trio.move_on_after(2):
            await hung_up.wait()
        print(repr(kept), "hung up:", hung_up.is_set())
        tasks.cancel_scope.cancel()
    if not hung_up.is_set():
        raise SystemExit("the server had no end of file for 2 s: the client's socket is open")


trio.run(main)
