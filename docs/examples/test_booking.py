import anyio
import pytest

from awaits.testing import every_schedule

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


class Seats:
    def __init__(self) -> None:
        self.n_held = self.n_sold = 0

    async def book(self) -> None:
        self.n_held += 1
        await pay()
        self.n_held -= 1
        self.n_sold += 1


async def pay() -> None:
    try:
        await anyio.sleep(1)
    except BaseException:  # it did not work: once more
        await anyio.sleep(1)


async def test_a_seat_is_sold() -> None:
    seats = Seats()
    await seats.book()
    assert seats.n_sold == 1


async def test_no_seat_is_held_for_ever() -> None:
    for schedule in every_schedule(cancel=True):
        seats = Seats()
        with schedule:
            async with anyio.create_task_group() as guests:
                guests.start_soon(seats.book)
        assert seats.n_held == 0, schedule.explanation


async def test_who_is_cancelled_buys_nothing() -> None:
    for schedule in every_schedule(cancel=True):
        seats = Seats()
        with schedule:
            async with anyio.create_task_group() as guests:
                guests.start_soon(seats.book)
        assert seats.n_sold == (schedule.cancel is None), schedule.explanation
