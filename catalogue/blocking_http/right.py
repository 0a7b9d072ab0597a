import urllib.request

import anyio.to_thread


def _status(url: str) -> int:
    with urllib.request.urlopen(url) as response:
        return int(response.status)


async def status(url: str) -> int:
    return await anyio.to_thread.run_sync(_status, url)
