import anyio


async def save(store: list[str], record: str) -> bool:
    await anyio.sleep(0.05)  # the disk
    store.append(record)
    return True


async def save_all(store: list[str], records: list[str]) -> int:
    saved = [await save(store, record) for record in records]
    return len(saved)
