from pathlib import Path


async def n_words(path: Path) -> int:
    with open(path) as file:
        return len(file.read().split())
