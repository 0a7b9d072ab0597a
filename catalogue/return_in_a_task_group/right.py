from collections.abc import Awaitable, Callable

import anyio


async def fastest(mirrors: list[str], ask: Callable[[str], Awaitable[str]]) -> str:
    send, receive = anyio.create_memory_object_stream[str](len(mirrors))
    answer = "none"

    async def one(mirror: str) -> None:
        send.send_nowait(await ask(mirror))

    with send, receive:
        async with anyio.create_task_group() as tasks:
            for mirror in mirrors:
                tasks.start_soon(one, mirror)
            answer = await receive.receive()
            tasks.cancel_scope.cancel()
    return answer
