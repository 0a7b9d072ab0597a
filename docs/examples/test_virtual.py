import anyio
import pytest

from awaits import main


@pytest.mark.anyio
@pytest.mark.virtual_time
async def test_twenty_tasks_take_as_long_as_the_longest() -> None:
    await main(20)
    assert 10 <= anyio.current_time() < 60


@pytest.mark.anyio
@pytest.mark.virtual_time
async def test_a_timeout_is_over_at_its_deadline() -> None:
    with anyio.move_on_after(5) as scope:
        await main(1)
    assert scope.cancelled_caught
    assert anyio.current_time() == 5.0
