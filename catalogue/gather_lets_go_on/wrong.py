import asyncio
from collections.abc import Awaitable, Callable


async def _pay(account: str, book: Callable[[str], Awaitable[None]]) -> None:
    await book(account)


async def pay_all(accounts: list[str], book: Callable[[str], Awaitable[None]]) -> str:
    result = "all paid"
    try:
        await asyncio.gather(*(_pay(account, book) for account in accounts))
    except ConnectionError:
        result = "stopped"
    return result
