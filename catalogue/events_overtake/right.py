from collections.abc import Awaitable, Callable


async def follow(states: list[str], store: Callable[[str], Awaitable[None]]) -> list[str]:
    shown: list[str] = []

    async def change(state: str) -> None:
        await store(state)
        shown.append(state)

    for state in states:
        await change(state)
    return shown
