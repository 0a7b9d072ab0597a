import asyncio


class Settings:
    async def load(self) -> dict[str, str]:
        await asyncio.sleep(0.05)  # the disk
        return {"colour": "blue"}

    async def get(self, key: str) -> str:
        settings = await self.load()
        return settings[key]


async def colour(settings: Settings) -> str:
    return await settings.get("colour")
