import anyio
import pytest

from awaits.testing import Schedule

pytestmark = pytest.mark.anyio


class Prices:
    """Prices of a slow server, each asked for once."""

    def __init__(self) -> None:
        self.n_asked = 0
        self._known: dict[str, float] = {}
        self._lock = anyio.Lock()

    async def of(self, what: str) -> float:
        async with self._lock:
            if what not in self._known:
                self._known[what] = await self._ask(what)
        return self._known[what]

    async def _ask(self, what: str) -> float:
        self.n_asked += 1
        await anyio.sleep(30)  # the server takes its time
        return len(what) / 10


@pytest.mark.virtual_time
@pytest.mark.explore(Schedule({(1, 3): 1}, jitter=20.0))
async def test_a_price_is_asked_for_once() -> None:
    prices = Prices()

    async def customer(arrives: float) -> None:
        await anyio.sleep(arrives)
        assert await prices.of("tea") == 0.3

    async with anyio.create_task_group() as customers:
        customers.start_soon(customer, 0)
        customers.start_soon(customer, 40)
    assert prices.n_asked == 1
