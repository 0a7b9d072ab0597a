import httpcore2
import trio

ANSWER = [b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", b"tea"]

impatient = trio.CancelScope()


class Network(httpcore2.AsyncMockBackend):
    """The request is given up just when its connection is open."""

    async def connect_tcp(self, *args, **kwargs):
        stream = await super().connect_tcp(*args, **kwargs)
        impatient.cancel()
        return stream


async def main() -> None:
    network = Network(ANSWER * 3)
    async with httpcore2.AsyncConnectionPool(max_connections=1, network_backend=network) as pool:
        with impatient:
            await pool.request("GET", "http://127.0.0.1/")
        print(pool)
        with trio.move_on_after(2) as waited:
            await pool.request("GET", "http://127.0.0.1/")
        if waited.cancelled_caught:
            raise SystemExit(
                f"the next request waited for 2 s, and got no connection: {pool.connections}"
            )


trio.run(main)
