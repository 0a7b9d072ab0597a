import anyio
from locked_tally import LockedTally


class ShieldedTally(LockedTally):
    """A tally that finishes what it has begun, also in a task that is cancelled."""

    async def add_one(self) -> None:
        with anyio.CancelScope(shield=True):
            await super().add_one()
