"""Workers that wait for a moment of real time, again and again, until a task wakes them."""

import contextlib
import itertools
import queue
import threading
from collections.abc import Iterable
from unittest import mock

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from awaits.testing.loops import polling, real, stacks, threads
from awaits.testing.loops.alone import SECONDS_TO_WAKE, SECONDS_UNTIL_LOOKED_AGAIN
from awaits.testing.loops.polling import Polling
from awaits.testing.loops.threads import SECONDS_ALL_WAIT
from tests.testing.loops.shared import threads_beside_no_loop, work

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

HALF = polling.SECONDS_OF_POLLING


@pytest.fixture
def soon() -> Iterable[None]:
    with mock.patch.object(polling, "SECONDS_OF_POLLING", 0.02):
        yield


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("pause", [0.001, 0.01, 0.1])
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


@pytest.mark.parametrize("waits", ["at an event", "for a timer"])
async def test_time_stands_still_while_one_waits_for_less_than_half_a_second(waits: str) -> None:
    def work() -> None:
        event = threading.Event()
        if waits == "for a timer":
            threading.Timer(SECONDS_ALL_WAIT + 0.1, event.set).start()
            event.wait()
        else:
            event.wait(SECONDS_ALL_WAIT + 0.1)

    with anyio.fail_after(1):
        await anyio.to_thread.run_sync(work)
        await anyio.lowlevel.checkpoint()
    assert anyio.current_time() == 0.0


def at_zero() -> Polling:
    with mock.patch.object(real, "seconds", return_value=0.0):
        return Polling()


Look = tuple[float, bool, float]  # seconds since the one before, whether all stand, the instant


@pytest.mark.parametrize(
    ("looks", "polls"),
    [
        ([(0.0, True, 0.0), *[(0.05, True, 0.0)] * 9], False),
        ([(0.0, True, 0.0), *[(0.05, True, 0.0)] * 11], True),
        # What passed between a look at which they worked and one at which they waited counts.
        ([(0.05, i % 2 == 0, 0.0) for i in range(14)], True),
        # Not if they work for half of the time.
        ([(0.05, i % 4 == 0, 0.0) for i in range(41)], False),
        # Time that moves begins anew, and so does what has been told.
        ([(0.05, True, float(i // 11)) for i in range(44)], False),
        # A long pause may be the event loop's own.
        ([(0.0, True, 0.0), (100.0, True, 0.0)], False),
    ],
)
@pytest.mark.real_time
def test_workers_poll_that_wait_nearly_all_the_time(looks: list[Look], polls: bool) -> None:
    workers, now, found = at_zero(), 0.0, False
    for seconds, all_stand, instant in looks:
        now += seconds
        found = workers.count(instant, now, all_stand=all_stand) or found
    assert found is polls


@pytest.mark.real_time
@pytest.mark.parametrize(("share", "polls"), [(0.2, True), (0.3, False)])
def test_workers_that_use_a_processor_do_not_poll_wherever_they_stand(
    share: float, *, polls: bool
) -> None:
    workers, found = at_zero(), list[bool]()
    with mock.patch.object(polling, "_computed") as computed:
        for n in range(20):
            now = n * SECONDS_UNTIL_LOOKED_AGAIN
            computed.return_value = 60 + now * share  # of which a minute was before they began
            found.append(workers.count(0.0, now, all_stand=True))
    assert found[-1] is polls


@pytest.mark.real_time
def test_once_they_are_known_to_poll_it_is_seen_sooner() -> None:
    workers, now = at_zero(), 0.0
    found: list[bool] = []
    for _ in range(20):
        now += SECONDS_UNTIL_LOOKED_AGAIN
        found.append(workers.count(0.0, now, all_stand=True))
        if found[-1]:
            workers.is_told()
    first = found.index(True)
    assert first >= HALF / SECONDS_UNTIL_LOOKED_AGAIN - 1
    assert sum(found[first + 1 :]) >= 3


@pytest.mark.real_time
def test_where_all_looks_come_early_some_are_counted_when_a_job_has_run_for_a_moment() -> None:
    workers, soon, late = at_zero(), SECONDS_TO_WAKE / 2, SECONDS_UNTIL_LOOKED_AGAIN
    seconds = itertools.accumulate([*[soon] * 15, late, *[soon] * 10])
    with (
        mock.patch.object(real, "seconds", side_effect=seconds),
        mock.patch.object(polling, "sleep") as sleep,
    ):
        counted = [workers.counts_now() for _ in range(26)]
    assert [n for n, it in enumerate(counted, 1) if it] == [10, 16, 26]
    assert sleep.call_count == 2


@pytest.mark.real_time
def test_a_job_that_goes_on_is_looked_at_less_and_less_often() -> None:
    workers, waits = at_zero(), list[float]()
    for n in range(1, 7):
        with mock.patch.object(real, "seconds", return_value=float(n)):
            assert workers.counts_now()
        waits.append(workers.until_next)
    assert waits == [0.004, 0.008, 0.016, 0.032, 0.05, 0.05]


@pytest.mark.real_time
@pytest.mark.parametrize("is_woken", [False, True])
def test_one_that_was_woken_a_moment_ago_does_not_wait(*, is_woken: bool) -> None:
    place, release = None if is_woken else (0, 0, 0), threading.Event()
    with (
        mock.patch.object(polling, "SECONDS_OF_POLLING", 0.0),
        mock.patch.object(polling, "_computed", return_value=0.0),
        mock.patch.object(threads, "place", return_value=place),
        mock.patch.object(Polling, "counts_now", return_value=True),
        mock.patch.object(Polling, "is_told") as is_told,
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
    assert is_told.called is found


@pytest.mark.real_time
def test_where_no_worker_is_at_work_there_is_nothing_to_count() -> None:
    with (
        mock.patch.object(Polling, "counts_now", return_value=True),
        mock.patch.object(Polling, "count") as count,
    ):
        assert not threads_beside_no_loop().all_wait(0.0)
    count.assert_not_called()
