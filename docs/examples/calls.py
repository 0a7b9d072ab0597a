import anyio


async def ask(host: str, port: int, question: str, *, timeout: float = 30) -> str:
    """Send a line to a server, and return the line that it answers.

    Args:
        host: The server's.
        port: The server's.
        question: One line.
        timeout: Seconds until a `TimeoutError`.
    """
    with anyio.fail_after(timeout):
        async with await anyio.connect_tcp(host, port) as stream:
            await stream.send(f"{question}\n".encode())
            return (await stream.receive()).decode().strip()
