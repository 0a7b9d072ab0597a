import asyncio


class Log:
    def __init__(self) -> None:
        self.kept: list[str] = []
        self.written: list[str] = []

    async def flush(self) -> None:
        await asyncio.sleep(0.05)  # the disk
        self.written += self.kept
        self.kept.clear()


async def record(log: Log, lines: list[str]) -> None:
    log.kept += lines
    asyncio.get_running_loop().call_later(0.05, log.flush)
