"""Tasks of asyncio that a task factory of the kit's makes: as without one."""

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from awaits.testing import Schedule
from awaits.testing.leftovers.watch import Watch

Body = Callable[[], Coroutine[object, object, None]]


async def as_always(body: Body) -> None:
    await body()


async def watched(body: Body) -> None:
    await Watch(None).run(body)


async def cancelled_natively(body: Body) -> None:
    with Schedule(cancel=(9, 9), native=True):
        await body()


def told(around: Callable[[Body], Coroutine[object, object, None]], name: str | None) -> list[str]:
    found: list[str] = []

    async def body() -> None:
        task = asyncio.create_task(asyncio.sleep(0), name=name)
        found.extend([task.get_name().rstrip("0123456789"), repr(task).partition("created at")[2]])
        await task

    asyncio.run(around(body), debug=True)
    return found


@pytest.mark.parametrize("around", [watched, cancelled_natively])
@pytest.mark.parametrize("name", [None, "a name"])
def test_its_name_and_where_it_was_made_are_told_as_ever(
    around: Callable[[Body], Coroutine[object, object, None]], name: str | None
) -> None:
    assert told(around, name) == told(as_always, name)
