import asyncio


class Client:
    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def ask(self, text: str) -> str:
        async with self._lock:
            await asyncio.sleep(0.02)  # the network
            return text.upper()


async def _both(one: str, two: str) -> tuple[str, str]:
    client = Client()
    return await asyncio.gather(client.ask(one), client.ask(two))


def command(one: str, two: str) -> tuple[str, str]:
    return asyncio.run(_both(one, two))
