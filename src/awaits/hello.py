"""The first program: say hello, wait one second, say the rest."""

import anyio


async def main() -> None:
    """Print `Hello...`, wait one second, print `... World!`."""
    print("Hello...")
    await anyio.sleep(1)
    print("... World!")


if __name__ == "__main__":
    anyio.run(main)
