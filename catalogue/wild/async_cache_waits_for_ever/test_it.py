import asyncio

import pytest
from cache import AsyncCache

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


@pytest.mark.explore(1000)
async def test_who_is_not_cancelled_gets_the_page() -> None:
    cache = AsyncCache()

    async def fetch() -> str:
        await asyncio.sleep(2)
        return "a page"

    impatient = asyncio.create_task(cache.get("home", loader=fetch))
    patient = asyncio.create_task(cache.get("home", loader=fetch))
    await asyncio.sleep(1)
    impatient.cancel()
    async with asyncio.timeout(10):
        assert await patient == "a page"
