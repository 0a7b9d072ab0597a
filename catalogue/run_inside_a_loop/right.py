import asyncio


async def _ask(key: str) -> str:
    await asyncio.sleep(0.02)  # the database
    return key.upper()


async def name(key: str) -> str:
    return await _ask(key)


async def greeting(key: str) -> str:
    return f"Hello, {await name(key)}!"
