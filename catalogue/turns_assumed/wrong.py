import anyio
from anyio.lowlevel import checkpoint


async def _deal(player: list[int], cards: list[int]) -> None:
    while cards:
        player.append(cards.pop())
        await checkpoint()


async def deal(cards: list[int]) -> tuple[list[int], list[int]]:
    one: list[int] = []
    two: list[int] = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_deal, one, cards)
        tasks.start_soon(_deal, two, cards)
    return one, two
