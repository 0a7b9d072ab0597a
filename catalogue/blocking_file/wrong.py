from pathlib import Path


async def n_words(path: Path) -> int:
    with open(path, encoding="utf-8") as file:
        return len(file.read().split())
