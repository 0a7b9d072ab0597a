from pathlib import Path

import anyio


async def n_words(path: Path) -> int:
    async with await anyio.open_file(path, encoding="utf-8") as file:
        return len((await file.read()).split())
