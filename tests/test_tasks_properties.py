"""Third kind of test: properties. Hypothesis draws the numbers, and shrinks what breaks a claim."""

import random
from contextlib import AbstractContextManager
from unittest import mock

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from awaits import main
from awaits.tasks import Done, Event, Header, Started

pytestmark = pytest.mark.anyio

counts = st.integers(min_value=0, max_value=50)
seeds = st.integers(min_value=0, max_value=2**32)
limits = st.none() | st.integers(min_value=1, max_value=60)


def patched_sleep(sleep: object) -> AbstractContextManager[object]:
    return mock.patch("awaits.tasks.anyio.sleep", sleep)


async def give_way(_: float) -> None:
    await anyio.lowlevel.checkpoint()


async def events_of(n_tasks: int, *, limit: int | None = None, seed: int = 0) -> list[Event]:
    """Run the program with sleeps that only let the other tasks run; return its events."""
    random.seed(seed)
    events: list[Event] = []
    with patched_sleep(give_way):
        await main(n_tasks, limit=limit, report=events.append)
    return events


@given(n_tasks=counts, limit=limits, seed=seeds)
async def test_each_task_sleeps_once_for_10_to_59_seconds(
    n_tasks: int, limit: int | None, seed: int
) -> None:
    random.seed(seed)
    sleep = mock.AsyncMock()
    with patched_sleep(sleep):
        await main(n_tasks, limit=limit, report=lambda _: None)

    assert sleep.await_count == n_tasks
    assert all(call.args[0] in range(10, 60) for call in sleep.await_args_list)


@given(n_tasks=counts, limit=limits, seed=seeds)
async def test_tasks_start_in_the_order_of_their_numbers_and_each_is_done_once(
    n_tasks: int, limit: int | None, seed: int
) -> None:
    header, *events = await events_of(n_tasks, limit=limit, seed=seed)

    assert header == Header()
    numbers = list(range(1, n_tasks + 1))
    assert [event.task_number for event in events if isinstance(event, Started)] == numbers
    assert sorted(event.task_number for event in events if isinstance(event, Done)) == numbers
    assert len(events) == 2 * n_tasks
    for number in numbers:
        started = next(e for e in events if isinstance(e, Started) and e.task_number == number)
        assert events.index(started) < events.index(Done(number))


@given(n_tasks=counts, seed=seeds)
async def test_all_tasks_have_started_before_any_is_done(n_tasks: int, seed: int) -> None:
    _, *events = await events_of(n_tasks, seed=seed)

    assert all(isinstance(event, Started) for event in events[:n_tasks])
    assert all(isinstance(event, Done) for event in events[n_tasks:])


@given(n_tasks=counts, limit=limits, seed=seeds)
async def test_the_same_seed_draws_the_same_seconds(
    n_tasks: int, limit: int | None, seed: int
) -> None:
    expected = random.Random(seed)

    events = await events_of(n_tasks, limit=limit, seed=seed)

    seconds = [event.seconds for event in events if isinstance(event, Started)]
    assert seconds == [expected.randrange(10, 60) for _ in range(n_tasks)]


@given(n_tasks=counts, limit=st.integers(min_value=1, max_value=60), pauses=st.data())
async def test_never_more_tasks_are_in_flight_than_the_limit(
    n_tasks: int, limit: int, pauses: st.DataObject
) -> None:
    turns = pauses.draw(st.lists(st.integers(0, 3), min_size=n_tasks, max_size=n_tasks))
    in_flight = most = 0

    async def sleep(_: float) -> None:
        nonlocal in_flight, most
        in_flight += 1
        most = max(most, in_flight)
        for _turn in range(turns.pop()):
            await anyio.lowlevel.checkpoint()
        in_flight -= 1

    with patched_sleep(sleep):
        await main(n_tasks, limit=limit, report=lambda _: None)

    assert most <= limit
    assert turns == []


@given(data=st.data(), n_tasks=st.integers(min_value=1, max_value=50))
async def test_when_a_task_fails_the_others_are_cancelled_and_the_error_reaches_the_caller(
    data: st.DataObject, n_tasks: int
) -> None:
    failing = data.draw(st.integers(min_value=1, max_value=n_tasks))
    error = ConnectionError(f"task {failing}")
    events: list[Event] = []
    sleeping: list[int] = []
    cancelled: list[int] = []

    async def sleep(_: float) -> None:
        number = len(sleeping) + 1
        sleeping.append(number)
        if number == failing:
            await anyio.lowlevel.checkpoint()
            raise error
        try:
            await anyio.Event().wait()
        except anyio.get_cancelled_exc_class():
            cancelled.append(number)
            raise

    with patched_sleep(sleep), pytest.raises(ExceptionGroup) as raised:
        await main(n_tasks, report=events.append)

    assert raised.value.exceptions == (error,)
    assert sorted(cancelled) == [number for number in sleeping if number != failing]
    assert len(sleeping) == n_tasks
    assert not any(isinstance(event, Done) for event in events)
