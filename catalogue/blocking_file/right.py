from pathlib import Path

import anyio


async def n_words(path: Path) -> int:
    async with await anyio.open_file(path) as file:
        return len((await file.read()).split())
