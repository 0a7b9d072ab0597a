import anyio


class Job:
    def __init__(self) -> None:
        self.result = ""

    async def run(self) -> None:
        await anyio.sleep(0.05)  # the work
        self.result = "done"

    async def wait(self) -> str:
        while not self.result:
            await anyio.sleep(0)
        return self.result
