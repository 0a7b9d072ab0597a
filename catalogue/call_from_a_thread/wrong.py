import asyncio
import threading
import time


class Button:
    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._pressed = asyncio.Event()
        self._driver = threading.Thread(target=self._watch)
        self._driver.start()

    def _watch(self) -> None:
        time.sleep(0.05)  # until someone presses it
        self._loop.call_soon(self._pressed.set)

    async def pressed(self) -> bool:
        await self._pressed.wait()
        return True
