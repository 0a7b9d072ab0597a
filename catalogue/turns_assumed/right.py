from anyio.lowlevel import checkpoint


async def deal(cards: list[int]) -> tuple[list[int], list[int]]:
    one: list[int] = []
    two: list[int] = []
    while cards:
        one.append(cards.pop())
        if cards:
            two.append(cards.pop())
        await checkpoint()
    return one, two
