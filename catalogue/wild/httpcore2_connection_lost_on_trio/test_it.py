import anyio
import httpcore2
import pytest

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

ANSWER = [b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", b"tea"]


@pytest.mark.explore(1000, cancel=True)
async def test_a_pool_keeps_its_connection_when_a_request_is_cancelled() -> None:
    network = httpcore2.AsyncMockBackend(ANSWER * 3)
    async with httpcore2.AsyncConnectionPool(max_connections=1, network_backend=network) as pool:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(pool.request, "GET", "http://127.0.0.1/")
        with anyio.fail_after(10):
            await pool.request("GET", "http://127.0.0.1/")
