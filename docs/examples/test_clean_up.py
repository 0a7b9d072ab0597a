import anyio
import pytest

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


class Connection:
    def __init__(self) -> None:
        self.is_open = True

    async def close(self) -> None:
        await anyio.sleep(0.1)  # says goodbye
        self.is_open = False


async def use_wrong(connection: Connection) -> None:
    try:
        await anyio.sleep(1)
    finally:
        await connection.close()


async def use_right(connection: Connection) -> None:
    try:
        await anyio.sleep(1)
    finally:
        with anyio.move_on_after(5, shield=True):  # not longer, should the other side be gone
            await connection.close()


@pytest.mark.explore(cancel=True)
@pytest.mark.parametrize("way", ["wrong", "right"])
async def test_a_connection_is_closed_whatever_happens(way: str) -> None:
    connection = Connection()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(use_right if way == "right" else use_wrong, connection)
    assert not connection.is_open
