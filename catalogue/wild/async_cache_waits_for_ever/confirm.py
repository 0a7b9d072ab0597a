import asyncio

from cache import AsyncCache


async def main() -> None:
    cache = AsyncCache()

    async def fetch() -> str:
        await asyncio.sleep(0.2)
        return "a page"

    impatient = asyncio.create_task(cache.get("home", loader=fetch))
    patient = asyncio.create_task(cache.get("home", loader=fetch))
    await asyncio.sleep(0.1)
    impatient.cancel()
    try:
        print(await asyncio.wait_for(patient, 2))
    except TimeoutError:
        raise SystemExit(
            "it was not cancelled, and had no answer for 2 s; nobody fetches any more"
        ) from None


asyncio.run(main())
