import anyio.lowlevel
import httpcore
import pytest

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

ANSWER = [b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", b"tea"]


@pytest.mark.explore(1000)
async def test_a_pool_keeps_its_connection_when_a_request_is_cancelled() -> None:
    network = httpcore.AsyncMockBackend(ANSWER * 3)
    async with httpcore.AsyncConnectionPool(max_connections=1, network_backend=network) as pool:

        async def fetch(scope: anyio.CancelScope) -> None:
            with scope:
                await pool.request("GET", "http://127.0.0.1/")

        impatient = anyio.CancelScope()

        async def cancel() -> None:
            await anyio.lowlevel.checkpoint()
            impatient.cancel()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(fetch, anyio.CancelScope())
            tasks.start_soon(fetch, impatient)
            tasks.start_soon(cancel)
        with anyio.fail_after(10):
            await pool.request("GET", "http://127.0.0.1/")
