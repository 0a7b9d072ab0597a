import anyio


# --8<-- [start:stock]
class Stock:
    def __init__(self, n_left: int) -> None:
        self.n_left = n_left

    async def sell(self) -> bool:
        if self.n_left == 0:
            return False
        await anyio.sleep(1)  # the customer pays
        self.n_left -= 1
        return True


# --8<-- [end:stock]


# --8<-- [start:fixed]
class FixedStock(Stock):
    async def sell(self) -> bool:
        if self.n_left == 0:
            return False
        self.n_left -= 1
        await anyio.sleep(1)  # the customer pays
        return True


# --8<-- [end:fixed]


# --8<-- [start:careful]
class CarefulStock(Stock):
    async def sell(self) -> bool:
        if self.n_left == 0:
            return False
        self.n_left -= 1
        try:
            await anyio.sleep(1)  # the customer pays
        except BaseException:
            self.n_left += 1
            raise
        return True


# --8<-- [end:careful]
