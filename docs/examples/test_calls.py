from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream
from calls import ask

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


@asynccontextmanager
async def server(*, answers_after: float) -> AsyncGenerator[int]:
    """Answer each line with the same in capitals; give the port."""

    async def answer(stream: SocketStream) -> None:
        async with stream:
            line = await stream.receive()
            await anyio.sleep(answers_after)
            await stream.send(line.upper())

    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(listener.serve, answer)
        yield listener.extra(SocketAttribute.local_port)
        tasks.cancel_scope.cancel()


async def test_a_slow_server_is_waited_for() -> None:
    async with server(answers_after=29) as port:
        assert await ask("127.0.0.1", port, "how much?") == "HOW MUCH?"
    assert anyio.current_time() == 29.0


async def test_one_that_is_too_slow_is_not() -> None:
    async with server(answers_after=31) as port:
        with pytest.raises(TimeoutError):
            await ask("127.0.0.1", port, "how much?")
    assert anyio.current_time() == 30.0
