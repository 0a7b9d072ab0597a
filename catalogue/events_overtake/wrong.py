from collections.abc import Awaitable, Callable

import anyio


async def follow(states: list[str], store: Callable[[str], Awaitable[None]]) -> list[str]:
    shown: list[str] = []

    async def change(state: str) -> None:
        await store(state)
        shown.append(state)

    async with anyio.create_task_group() as tasks:
        for state in states:
            tasks.start_soon(change, state)
    return shown
