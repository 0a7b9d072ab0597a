import asyncio


class Log:
    def __init__(self) -> None:
        self.kept: list[str] = []
        self.written: list[str] = []

    async def flush(self) -> None:
        await asyncio.sleep(0.05)  # the disk
        self.written += self.kept
        self.kept.clear()

    async def flush_later(self) -> None:
        await asyncio.sleep(0.05)
        await self.flush()


async def record(log: Log, lines: list[str]) -> None:
    async with asyncio.TaskGroup() as tasks:
        log.kept += lines
        tasks.create_task(log.flush_later())
