import asyncio

import pytest
from async_lru import alru_cache

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


@pytest.mark.explore(1000)
async def test_what_is_in_the_cache_is_not_fetched_again() -> None:
    fetched: list[str] = []

    @alru_cache
    async def fetch(page: str) -> str:
        await asyncio.sleep(2)
        fetched.append(page)
        return page

    async def cancel() -> None:
        await asyncio.sleep(1)
        impatient.cancel()

    async def come_later() -> None:
        await asyncio.sleep(1)
        await fetch("home")

    impatient = asyncio.create_task(fetch("home"))
    await asyncio.gather(cancel(), come_later())
    await fetch("home")
    assert fetched == ["home"], f"fetched {len(fetched)} times"
