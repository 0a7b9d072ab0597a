import anyio


async def name_of(user: int) -> str:
    await anyio.sleep(0.05)  # the database
    return f"user {user}"


async def greeting(user: int) -> str:
    name = await name_of(user)
    return f"Hello, {name}!"
