import anyio
from one_task import individual_task


class Tally:
    """How many tasks are done, written down in a place that takes a while to answer."""

    def __init__(self) -> None:
        self.n_done = 0

    async def add_one(self) -> None:
        n_done = self.n_done
        await anyio.sleep(0.1)  # the place answers
        self.n_done = n_done + 1


async def main(n_tasks: int, tally: Tally) -> None:
    async def task(number: int) -> None:
        await individual_task(number)
        await tally.add_one()

    async with anyio.create_task_group() as tasks:
        for number in range(1, n_tasks + 1):
            tasks.start_soon(task, number)
