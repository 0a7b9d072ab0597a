import urllib.request


async def status(url: str) -> int:
    with urllib.request.urlopen(url) as response:
        return int(response.status)
