import anyio


class Account:
    def __init__(self, number: int, balance: int) -> None:
        self.number = number
        self.balance = balance
        self.lock = anyio.Lock()


async def transfer(source: Account, target: Account, amount: int) -> None:
    first, second = sorted([source, target], key=lambda account: account.number)
    async with first.lock, second.lock:
        source.balance -= amount
        await anyio.sleep(0.02)  # the database
        target.balance += amount
