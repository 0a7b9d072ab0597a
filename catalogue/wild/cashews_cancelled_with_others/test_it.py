import asyncio

import pytest
from cashews import Cache

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


@pytest.mark.explore(1000)
async def test_who_is_not_cancelled_gets_the_page() -> None:
    cache = Cache()
    cache.setup("mem://")

    @cache(ttl="1h")
    async def fetch(page: str) -> str:
        await asyncio.sleep(2)
        return page

    async def cancel() -> None:
        await asyncio.sleep(1)
        impatient.cancel()

    impatient = asyncio.create_task(fetch("home"))
    patient = asyncio.create_task(fetch("home"))
    await cancel()
    await asyncio.wait([impatient, patient])
    await cache.close()
    assert not patient.cancelled(), "nobody has cancelled it"
    assert patient.result() == "home"
