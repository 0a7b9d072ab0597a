import anyio


async def may_delete(user: str) -> bool:
    await anyio.sleep(0.05)  # the database
    return user == "admin"


async def delete(user: str, files: list[str]) -> None:
    if await may_delete(user):
        files.clear()
