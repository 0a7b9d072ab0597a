import anyio
import pytest
from anyio.lowlevel import checkpoint

pytestmark = pytest.mark.anyio


class Account:
    def __init__(self) -> None:
        self.balance = 0

    async def deposit(self, amount: int) -> None:
        balance = self.balance
        await checkpoint()  # here the database is asked
        self.balance = balance + amount


async def test_deposits_add_up() -> None:
    account = Account()

    async def at_the_counter() -> None:
        await account.deposit(10)

    async def by_phone() -> None:
        for _ in range(3):
            await checkpoint()  # here the call is put through
        await account.deposit(20)

    async with anyio.create_task_group() as customers:
        customers.start_soon(at_the_counter)
        customers.start_soon(by_phone)
    assert account.balance == 30
