import asyncio
from collections.abc import Awaitable, Callable


async def back_up(files: list[str], copy: Callable[[str], Awaitable[None]]) -> str:
    results = await asyncio.gather(*(copy(file) for file in files), return_exceptions=True)
    return f"{len(results)} of {len(files)} copied"
