import asyncio
from types import SimpleNamespace

import pytest
from psycopg.pq import ConnStatus, TransactionStatus
from psycopg_pool import AsyncConnectionPool

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


class Connection:
    """As much of a connection as a pool needs."""

    closed = False

    def __init__(self) -> None:
        self.pgconn = SimpleNamespace(
            status=ConnStatus.OK, transaction_status=TransactionStatus.IDLE
        )

    @classmethod
    async def connect(cls, *_: object, **__: object) -> "Connection":
        return cls()

    async def set_autocommit(self, value: bool) -> None: ...
    async def close(self) -> None: ...
    async def __aenter__(self) -> "Connection":
        return self

    async def __aexit__(self, *_: object) -> None: ...


@pytest.mark.explore(1000)
async def test_a_pool_keeps_its_connection_when_who_waits_for_its_check_is_cancelled() -> None:
    async def check(connection: Connection) -> None:
        await asyncio.sleep(2)

    pool = AsyncConnectionPool(
        min_size=1, max_size=1, connection_class=Connection, check=check, open=False
    )
    await pool.open(wait=True)

    async def use() -> None:
        async with pool.connection(timeout=10):
            pass

    impatient = asyncio.create_task(use())
    await asyncio.sleep(1)
    impatient.cancel()
    await asyncio.wait([impatient])
    await use()
    await pool.close()
