import asyncio


class Settings:
    async def load(self) -> dict[str, str]:
        await asyncio.sleep(0.05)  # the disk
        return {"colour": "blue"}

    def __getitem__(self, key: str) -> str:
        loop = asyncio.get_running_loop()
        settings = asyncio.run_coroutine_threadsafe(self.load(), loop).result(1)
        return settings[key]


async def colour(settings: Settings) -> str:
    return settings["colour"]
