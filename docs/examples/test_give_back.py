import anyio
import pytest

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


class Seats:
    def __init__(self) -> None:
        self.n_free = 3

    async def book_wrong(self) -> None:
        self.n_free -= 1
        await anyio.sleep(1)  # the guest pays
        self.n_free += 1  # and leaves

    async def book_right(self) -> None:
        self.n_free -= 1
        try:
            await anyio.sleep(1)
        finally:
            self.n_free += 1


@pytest.mark.explore(cancel=True)
@pytest.mark.parametrize("way", ["wrong", "right"])
async def test_whatever_is_taken_is_given_back(way: str) -> None:
    seats = Seats()
    async with anyio.create_task_group() as guests:
        guests.start_soon(seats.book_right if way == "right" else seats.book_wrong)
    assert seats.n_free == 3
