import anyio


class Job:
    def __init__(self) -> None:
        self.result = ""
        self._ended = anyio.Event()

    async def run(self) -> None:
        await anyio.sleep(0.05)  # the work
        self.result = "done"
        self._ended.set()

    async def wait(self) -> str:
        await self._ended.wait()
        return self.result
