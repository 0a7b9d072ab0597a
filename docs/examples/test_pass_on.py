import anyio
import pytest

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


async def poll_wrong() -> None:
    while True:
        try:
            await anyio.sleep(1)  # something is asked for
        except BaseException:
            break


async def poll_right() -> None:
    while True:
        try:
            await anyio.sleep(1)
        except OSError:
            break


@pytest.mark.parametrize("way", ["wrong", "right"])
async def test_a_cancelled_task_goes_no_further(way: str) -> None:
    reached: list[str] = []
    with anyio.move_on_after(5):
        await (poll_right() if way == "right" else poll_wrong())
        reached.append("what comes after")
    assert reached == []
