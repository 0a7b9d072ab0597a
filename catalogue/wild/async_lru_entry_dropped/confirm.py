import asyncio

from async_lru import alru_cache

fetched: list[str] = []


@alru_cache
async def fetch(page: str) -> str:
    await asyncio.sleep(0.1)
    fetched.append(page)
    return page


async def main() -> None:
    impatient = asyncio.create_task(fetch("home"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.sleep(0)  # now it is cancelled; what it called is not yet
    await fetch("home")
    print(fetch.cache_info())
    await fetch("home")


asyncio.run(main())
if len(fetched) > 1:
    raise SystemExit(f"fetched {len(fetched)} times, though the first one's result was cached")
