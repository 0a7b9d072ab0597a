import asyncio


async def _ask(key: str) -> str:
    await asyncio.sleep(0.02)  # the database
    return key.upper()


def name(key: str) -> str:
    return asyncio.run(_ask(key))


async def greeting(key: str) -> str:
    return f"Hello, {name(key)}!"
