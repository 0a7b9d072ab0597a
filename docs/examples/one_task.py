import random

import anyio


async def individual_task(number: int) -> None:
    """Stand for a call to a server: wait 10 to 59 seconds."""
    seconds = random.randrange(10, 60)
    print(f"{number}\t{seconds}")
    await anyio.sleep(seconds)
    print(f"Task {number} done")
