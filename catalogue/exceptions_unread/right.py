import asyncio
from collections.abc import Awaitable, Callable


async def back_up(files: list[str], copy: Callable[[str], Awaitable[None]]) -> str:
    results = await asyncio.gather(*(copy(file) for file in files), return_exceptions=True)
    n_failed = sum(isinstance(result, BaseException) for result in results)
    return f"{len(files) - n_failed} of {len(files)} copied"
