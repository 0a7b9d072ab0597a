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
async def test_a_pool_keeps_its_connection_when_who_waits_for_it_is_cancelled() -> None:
    pool = AsyncConnectionPool(
        min_size=1, max_size=1, num_workers=1, connection_class=Connection, open=False
    )
    await pool.open(wait=True)

    async def use(seconds: float) -> None:
        async with pool.connection():
            await asyncio.sleep(seconds)

    async def cancel() -> None:
        await asyncio.sleep(0.5)
        impatient.cancel()

    first = asyncio.create_task(use(1))
    await asyncio.sleep(0.5)
    impatient = asyncio.create_task(use(1))
    await asyncio.gather(cancel(), first)
    await asyncio.wait([impatient])
    async with pool.connection(timeout=10):
        pass
    await pool.close()
