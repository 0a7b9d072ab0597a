import gc
import socket

import anyio
import httpcore


async def main() -> None:
    gc.disable()  # it would close the socket, some time later
    server = socket.create_server(("127.0.0.1", 0))  # it takes connections, and says nothing
    port = server.getsockname()[1]
    async with httpcore.AsyncConnectionPool() as pool:
        with anyio.move_on_after(0.5):
            await pool.request("GET", f"https://127.0.0.1:{port}/")
        print("connections of the pool:", pool.connections)
    taken, _ = server.accept()
    taken.settimeout(2)
    try:
        while taken.recv(1000):
            pass
    except TimeoutError:
        print("the pool is closed, and the server had no end of file for 2 s")
        raise SystemExit(1) from None
    finally:
        taken.close()
        server.close()


for backend in ("asyncio", "trio"):
    try:
        anyio.run(main, backend=backend)
    except SystemExit:
        if backend == "trio":
            raise
