from collections.abc import Callable, Coroutine

import anyio


async def fetch_all(
    urls: list[str], fetch: Callable[[str], Coroutine[object, object, None]]
) -> None:
    async with anyio.create_task_group() as tasks:
        for url in urls:
            tasks.start_soon(fetch, url)
