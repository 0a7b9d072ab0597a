import anyio
from one_task import individual_task


async def main(n_tasks: int) -> None:
    async with anyio.create_task_group() as tasks:
        for number in range(1, n_tasks + 1):
            tasks.start_soon(individual_task, number)


if __name__ == "__main__":
    anyio.run(main, 20)
