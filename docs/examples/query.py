import random
import sqlite3

import anyio

from awaits import main
from awaits.sources import sqlite


async def program() -> None:
    async with sqlite("squares.db", "SELECT square FROM squares WHERE n = ?") as query:
        await main(3, limit=1, source=query)
        print(await query(12))


with sqlite3.connect("squares.db") as connection:
    connection.execute("CREATE TABLE squares AS SELECT 12 AS n, 144 AS square")
connection.close()
random.seed(37627)
anyio.run(program)
