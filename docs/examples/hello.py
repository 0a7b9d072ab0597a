import anyio


async def main() -> None:
    print("Hello...")
    await anyio.sleep(1)
    print("... World!")


if __name__ == "__main__":
    anyio.run(main)
