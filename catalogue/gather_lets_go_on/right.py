import asyncio
from collections.abc import Awaitable, Callable


async def _pay(account: str, book: Callable[[str], Awaitable[None]]) -> None:
    await book(account)


async def pay_all(accounts: list[str], book: Callable[[str], Awaitable[None]]) -> str:
    result = "all paid"
    try:
        async with asyncio.TaskGroup() as tasks:
            for account in accounts:
                tasks.create_task(_pay(account, book))
    except* ConnectionError:
        result = "stopped"
    return result
