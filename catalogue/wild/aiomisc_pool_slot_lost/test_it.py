import asyncio

import pytest
from aiomisc.pool import PoolBase

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


class Pool(PoolBase[object]):
    async def _create_instance(self) -> object:
        await asyncio.sleep(2)  # connect
        return object()

    async def _destroy_instance(self, instance: object) -> None: ...

    async def _check_instance(self, instance: object) -> bool:
        return True


@pytest.mark.explore(1000)
async def test_a_pool_is_as_large_as_before_when_who_opens_a_connection_is_cancelled() -> None:
    pool = Pool(maxsize=1)

    async def use() -> None:
        async with pool.acquire():
            pass

    impatient = asyncio.create_task(use())
    await asyncio.sleep(1)
    impatient.cancel()
    await asyncio.wait([impatient])
    async with asyncio.timeout(10):
        await use()
    await pool.close()
