"""Virtual time: the running time of the program, asserted exactly, without a mock."""

import heapq

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from awaits import hello, individual_task, main
from awaits.tasks import Done, Event, Header, Started

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


async def test_a_task_waits_for_the_seconds_that_it_prints() -> None:
    events: list[Event] = []
    await individual_task(2, report=events.append)

    started, done = events
    assert isinstance(started, Started)
    assert started.seconds == anyio.current_time()
    assert done == Done(2)


async def test_twenty_tasks_take_as_long_as_the_longest() -> None:
    events: list[Event] = []
    await main(20, report=events.append)

    seconds = [event.seconds for event in events if isinstance(event, Started)]
    assert len(seconds) == 20
    assert anyio.current_time() == max(seconds)


async def test_hello_takes_a_second(capsys: pytest.CaptureFixture[str]) -> None:
    await hello.main()

    assert capsys.readouterr().out == "Hello...\n... World!\n"
    assert anyio.current_time() == 1.0


@given(n_tasks=st.integers(0, 100), limit=st.none() | st.integers(1, 120))
async def test_each_task_starts_when_there_is_room_and_ends_when_its_time_is_over(
    n_tasks: int, limit: int | None
) -> None:
    started: list[tuple[float, int]] = []
    done: dict[int, float] = {}

    def report(event: Event) -> None:
        match event:
            case Started(_, seconds):
                started.append((anyio.current_time(), seconds))
            case Done(task_number):
                done[task_number] = anyio.current_time()
            case Header():
                pass

    await main(n_tasks, limit=limit, report=report)

    # A model of it: whoever is free first takes the next task.
    free = [0.0] * (n_tasks if limit is None else limit)
    for number, (began, seconds) in enumerate(started, 1):
        assert began == heapq.heappop(free)
        assert done[number] == began + seconds
        heapq.heappush(free, began + seconds)
    assert len(done) == n_tasks
    assert anyio.current_time() == max(done.values(), default=0.0)


@given(n_tasks=st.integers(1, 50), after=st.floats(0, 60))
async def test_tasks_that_are_cancelled_are_done_no_more(n_tasks: int, after: float) -> None:
    events: list[Event] = []
    with anyio.move_on_after(after):
        await main(n_tasks, report=events.append)

    seconds = [event.seconds for event in events if isinstance(event, Started)]
    ended = sum(isinstance(event, Done) for event in events)
    assert sum(it < after for it in seconds) <= ended <= sum(it <= after for it in seconds)
    assert anyio.current_time() == min(after, max(seconds))


async def test_a_limit_above_the_number_of_tasks_makes_no_more_of_them() -> None:
    n_running: list[int] = []

    async def source(_seconds: int, /) -> None:
        n_running.append(len(anyio.get_running_tasks()))

    without = len(anyio.get_running_tasks())
    await main(2, limit=1000, source=source, report=lambda _: None)

    assert max(n_running) <= without + 2
