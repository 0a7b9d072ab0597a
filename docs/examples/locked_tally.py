import anyio
from tally import Tally


class LockedTally(Tally):
    """A tally to which one task at a time can add."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = anyio.Lock()

    async def add_one(self) -> None:
        async with self._lock:
            await super().add_one()
