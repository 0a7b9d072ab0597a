from collections.abc import Awaitable, Callable


async def check(sites: list[str], ask: Callable[[str], Awaitable[None]], down: list[str]) -> None:
    for site in sites:
        try:
            await ask(site)
        except OSError:
            down.append(site)
