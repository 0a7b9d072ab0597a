import time

import anyio


async def wait(_number: int) -> None:
    await anyio.sleep(0.1)  # a server takes its time


def compute(_number: int) -> int:
    until, n = time.process_time() + 0.1, 0
    while time.process_time() < until:
        n += 1
    return n
