import asyncio

from cashews import Cache

cache = Cache()
cache.setup("mem://")


@cache(ttl="1h")
async def fetch(page: str) -> str:
    await asyncio.sleep(0.2)
    return page


async def main() -> None:
    impatient = asyncio.create_task(fetch("home"))
    patient = asyncio.create_task(fetch("home"))
    await asyncio.sleep(0.1)
    impatient.cancel()
    await asyncio.wait([impatient, patient])
    await cache.close()
    print("patient:", patient)
    if patient.cancelled():
        raise SystemExit(
            "only the impatient one was cancelled, and the patient one is cancelled, too"
        )


asyncio.run(main())
