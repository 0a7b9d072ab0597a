import asyncio

import httpcore

ANSWER = [b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", b"tea"]


async def main() -> None:
    network = httpcore.AsyncMockBackend(ANSWER * 3)
    async with httpcore.AsyncConnectionPool(max_connections=1, network_backend=network) as pool:
        first = asyncio.create_task(pool.request("GET", "http://127.0.0.1/"))
        impatient = asyncio.create_task(pool.request("GET", "http://127.0.0.1/"))
        await asyncio.sleep(0)  # the second one waits for the only connection
        first.cancel()
        await asyncio.sleep(
            0
        )  # the first one is cancelled, and the second one has got a new connection
        impatient.cancel()
        await asyncio.wait([first, impatient])
        print(pool)
        try:
            async with asyncio.timeout(2):
                await pool.request("GET", "http://127.0.0.1/")
        except TimeoutError:
            raise SystemExit("the next request waited for 2 s, and got no connection") from None


asyncio.run(main())
