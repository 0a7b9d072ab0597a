"""Workers that wait for a moment of real time, again and again, until a task wakes them."""

import contextlib
import queue
import threading
from collections.abc import Iterable
from unittest import mock

import anyio
import anyio.to_thread
import pytest

from awaits.testing.loops import real, stacks, threads
from awaits.testing.loops.alone import SECONDS_UNTIL_LOOKED_AGAIN
from tests.testing.loops.shared import threads_beside_no_loop, work

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

HALF = threads.SECONDS_OF_POLLING


@pytest.fixture
def soon() -> Iterable[None]:
    with mock.patch.object(threads, "SECONDS_OF_POLLING", 0.02):
        yield


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("pause", [0.01, 0.1])
async def test_time_moves_on_beside_one_that_polls_a_queue(pause: float) -> None:
    answers: queue.Queue[float] = queue.Queue()
    got: list[float] = []

    async def poll() -> None:
        while not got:
            with contextlib.suppress(queue.Empty):
                got.append(await anyio.to_thread.run_sync(answers.get, True, pause))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(poll)
        for _ in range(3):
            await anyio.sleep(3600)
        answers.put(anyio.current_time())
    assert got == [3 * 3600.0]


@pytest.mark.usefixtures("soon")
async def test_time_stands_still_beside_many_short_jobs() -> None:
    with anyio.fail_after(1):
        for _ in range(20):
            await anyio.to_thread.run_sync(work)
    assert anyio.current_time() == 0.0


Look = tuple[float, bool, float]  # seconds since the one before, whether all wait, the instant


@pytest.mark.parametrize(
    ("looks", "polls"),
    [
        ([(0.0, True, 0.0), *[(0.05, True, 0.0)] * 9], False),
        ([(0.0, True, 0.0), *[(0.05, True, 0.0)] * 11], True),
        # What passed between a look at which they worked and one at which they waited counts.
        ([(0.05, i % 2 == 0, 0.0) for i in range(13)], True),
        # Not if they work for half of the time.
        ([(0.05, i % 4 == 0, 0.0) for i in range(41)], False),
        # Time that moves begins anew, and so does what has been told.
        ([(0.05, True, float(i // 8)) for i in range(40)], False),
        # A long pause may be the event loop's own.
        ([(0.0, True, 0.0), (100.0, True, 0.0)], False),
    ],
)
@pytest.mark.real_time
def test_workers_poll_that_wait_nearly_all_the_time(looks: list[Look], polls: bool) -> None:
    polling = threads._Polling()  # pyright: ignore[reportPrivateUsage]
    now, found = real.seconds(), False
    for seconds, all_wait, instant in looks:
        now += seconds
        found = polling.look(instant, now, all_wait=all_wait) or found
    assert found is polls


@pytest.mark.real_time
def test_once_they_are_known_to_poll_it_is_seen_sooner() -> None:
    polling = threads._Polling()  # pyright: ignore[reportPrivateUsage]
    now = real.seconds()
    found: list[bool] = []
    for _ in range(20):
        now += SECONDS_UNTIL_LOOKED_AGAIN
        found.append(polling.look(0.0, now, all_wait=True))
    first = found.index(True)
    assert first >= HALF / SECONDS_UNTIL_LOOKED_AGAIN - 1
    assert sum(found[first + 1 :]) >= 3


@pytest.mark.real_time
@pytest.mark.parametrize("is_woken", [False, True])
def test_one_that_was_woken_a_moment_ago_does_not_wait(*, is_woken: bool) -> None:
    place, release = None if is_woken else (0, 0, 0), threading.Event()
    with (
        mock.patch.object(threads, "SECONDS_OF_POLLING", 0.0),
        mock.patch.object(threads, "place", return_value=place),
    ):
        beside = threads_beside_no_loop()
        waiting = threading.Thread(target=release.wait, daemon=True)
        waiting.start()
        while not stacks.waits(stacks.frames()[waiting.ident or 0]):
            pass
        found = beside.all_wait(0.0)
    release.set()
    waiting.join()
    assert found is not is_woken
