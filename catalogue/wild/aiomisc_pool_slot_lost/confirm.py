import asyncio

from aiomisc.pool import PoolBase


class Pool(PoolBase):
    async def _create_instance(self):
        await asyncio.sleep(0.2)  # connect
        return object()

    async def _destroy_instance(self, instance): ...

    async def _check_instance(self, instance):
        return True


async def main() -> None:
    pool = Pool(maxsize=1)

    async def use() -> None:
        async with pool.acquire():
            pass

    impatient = asyncio.create_task(use())
    await asyncio.sleep(0.1)
    impatient.cancel()
    await asyncio.wait([impatient])
    print("open:", len(pool))
    try:
        async with asyncio.timeout(2):
            await use()
    except TimeoutError:
        raise SystemExit("nobody has anything of the pool, and nobody gets anything") from None


asyncio.run(main())
