import anyio


class Stock:
    def __init__(self, n_left: int) -> None:
        self.n_left = n_left
        self._lock = anyio.Lock()

    async def pay(self) -> None:
        await anyio.sleep(0.05)  # the bank

    async def sell(self) -> bool:
        if self.n_left == 0:
            return False
        await self.pay()
        self.n_left -= 1
        return True
