import asyncio


class Recorder:
    def __init__(self, file: list[str]) -> None:
        self._file = file
        self._task = asyncio.create_task(self._record())

    async def _record(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self._file.append("end")

    async def stop(self) -> None:
        self._task.cancel()
