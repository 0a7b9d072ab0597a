from collections.abc import Awaitable, Callable


async def remind(names: list[str], send: Callable[[str], Awaitable[None]]) -> int:
    for name in names:
        send(f"Dear {name}, please pay.")
    return len(names)
