from collections.abc import Awaitable, Callable

import anyio


async def titles(urls: list[str], fetch: Callable[[str], Awaitable[str]]) -> dict[str, str]:
    found: dict[str, str] = {}

    async def title(url: str) -> None:
        found[url] = await fetch(url)

    async with anyio.create_task_group() as tasks:
        for url in urls:
            tasks.start_soon(title, url)
    return found
