import asyncio


async def save() -> None:
    await asyncio.sleep(0.01)


async def is_open() -> bool:
    await asyncio.sleep(0.01)
    return False


async def main() -> None:
    save()
    if is_open():
        print("open")


asyncio.run(main())
