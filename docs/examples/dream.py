import anyio

from awaits.testing import virtual_time


async def dream() -> None:
    await anyio.sleep(3600)
    print("slept until", anyio.current_time())


if __name__ == "__main__":
    for backend in ("asyncio", "trio"):
        anyio.run(dream, backend=backend, backend_options=virtual_time(backend))
