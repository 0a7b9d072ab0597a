from collections.abc import AsyncGenerator
from contextlib import aclosing

import anyio


class Table:
    def __init__(self, rows: list[str]) -> None:
        self.rows = rows
        self.is_locked = False

    async def read(self) -> AsyncGenerator[str, None]:
        self.is_locked = True
        try:
            for row in self.rows:
                await anyio.sleep(0.01)  # the disk
                yield row
        finally:
            self.is_locked = False


async def find(table: Table, word: str) -> str:
    found = ""
    async with aclosing(table.read()) as rows:
        async for row in rows:
            if word in row:
                found = row
                break
    return found
