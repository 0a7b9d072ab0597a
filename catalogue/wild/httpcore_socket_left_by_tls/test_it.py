import anyio
import anyio.abc
import httpcore
import pytest

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


@pytest.mark.explore(1000)
async def test_a_request_that_is_cancelled_closes_its_socket() -> None:
    hung_up = anyio.Event()

    async def say_nothing(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            async for _ in stream:
                pass
        hung_up.set()

    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(listener.serve, say_nothing)
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        async with httpcore.AsyncConnectionPool() as pool:
            with anyio.move_on_after(1) as request:
                await pool.request("GET", f"https://127.0.0.1:{port}/")
        assert request.cancelled_caught
        with anyio.move_on_after(10):
            await hung_up.wait()
        assert hung_up.is_set(), "the pool is closed, and the socket is still open"
        tasks.cancel_scope.cancel()
