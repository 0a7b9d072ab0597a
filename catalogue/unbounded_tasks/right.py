from collections.abc import Callable, Coroutine

import anyio


async def fetch_all(
    urls: list[str], fetch: Callable[[str], Coroutine[object, object, None]]
) -> None:
    limiter = anyio.CapacityLimiter(10)

    async def limited(url: str) -> None:
        async with limiter:
            await fetch(url)

    async with anyio.create_task_group() as tasks:
        for url in urls:
            tasks.start_soon(limited, url)
