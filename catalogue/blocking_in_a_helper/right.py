import time

import anyio.to_thread


class Database:
    def query(self, key: str) -> str:
        time.sleep(0.3)  # the driver waits for the network
        return key.upper()


def _name(database: Database, key: str) -> str:
    return database.query(key).title()


async def greeting(database: Database, key: str) -> str:
    name = await anyio.to_thread.run_sync(_name, database, key)
    return f"Hello, {name}!"
