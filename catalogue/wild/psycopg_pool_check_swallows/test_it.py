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
async def test_who_is_cancelled_during_the_check_gets_no_connection() -> None:
    async def check(connection: Connection) -> None:
        await asyncio.sleep(2)

    pool = AsyncConnectionPool(
        min_size=1, max_size=1, connection_class=Connection, check=check, open=False
    )
    await pool.open(wait=True)

    impatient = asyncio.create_task(pool.getconn())
    await asyncio.sleep(1)
    impatient.cancel()
    await asyncio.wait([impatient])
    cancelled = impatient.cancelled()
    await pool.close()
    assert cancelled, "it was cancelled, and got a connection all the same"
