import anyio


class Account:
    def __init__(self) -> None:
        self.balance = 0
        self._lock = anyio.Lock()

    async def deposit(self, amount: int) -> None:
        async with self._lock:
            balance = self.balance
            await anyio.sleep(0.05)  # the database
            self.balance = balance + amount
