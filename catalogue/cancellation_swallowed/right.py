import asyncio
from collections.abc import Awaitable, Callable


async def copy_all(files: list[str], copy: Callable[[str], Awaitable[None]]) -> list[str]:
    skipped: list[str] = []
    for file in files:
        try:
            await copy(file)
        except asyncio.CancelledError:
            skipped.append(file)
            raise
    return skipped
