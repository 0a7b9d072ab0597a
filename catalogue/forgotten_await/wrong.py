import anyio


async def save(records: list[str], record: str) -> None:
    await anyio.sleep(0.1)  # the disk
    records.append(record)


async def sign_up(records: list[str], name: str) -> str:
    save(records, name)
    return f"Welcome, {name}!"
