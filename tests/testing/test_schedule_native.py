"""A schedule cancels a task by asyncio's own `Task.cancel()`, and a second time as it cleans up."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine

import anyio
import pytest
from anyio.lowlevel import checkpoint

from awaits.testing import Schedule, every_schedule, virtual_time
from awaits.testing.deviations import Cancel
from awaits.testing.explore import Explorer, Trial
from awaits.testing.shrink import shrink

Run = Callable[[], Coroutine[object, object, None]]


def run(program: Run, order: Schedule | Trial, backend: str = "asyncio") -> None:
    async def main() -> None:
        with order:
            await program()

    anyio.run(main, backend=backend, backend_options=virtual_time(backend))


def fails(program: Run, order: Schedule | Trial) -> bool:
    try:
        run(program, order)
    except Exception:  # noqa: BLE001 however it fails
        return True
    return False


async def handed_over_to_who_is_cancelled() -> None:
    """A lock by hand: who is handed it, and cancelled before he goes on, keeps it for ever."""
    waiting: deque[asyncio.Future[None]] = deque()
    is_taken = False

    async def use() -> None:
        nonlocal is_taken
        if is_taken:
            mine = asyncio.get_running_loop().create_future()
            waiting.append(mine)
            try:
                await mine
            finally:
                if mine in waiting:
                    waiting.remove(mine)
        is_taken = True
        try:
            await checkpoint()
        finally:
            is_taken = False
            while waiting and not is_taken:
                next_one = waiting.popleft()
                if not next_one.done():
                    next_one.set_result(None)
                    is_taken = True

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(use)


def test_a_task_is_cancelled_when_what_it_waited_for_has_come() -> None:
    failing = [
        schedule
        for schedule in every_schedule(0, cancel=True)
        if fails(handed_over_to_who_is_cancelled, schedule)
    ]
    assert failing
    assert all(schedule.native for schedule in failing)


def test_exploring_finds_it_and_shrinks_it() -> None:
    program = handed_over_to_who_is_cancelled
    explorer = Explorer("seed", cancel=True)
    found = next(it.schedule for it in explorer.trials(200) if fails(program, it))
    small = shrink(found, lambda it: fails(program, it))

    assert fails(program, Schedule.parse(repr(small)))
    assert small.native
    assert not callable(small.delays)
    assert len(small.delays) <= 1
    assert isinstance(small.cancel, tuple)
    assert len(small.cancel) == 2


def test_a_cancellation_that_need_not_be_native_shrinks_to_that_of_a_scope() -> None:
    async def nobody_is_cancelled() -> None:
        done: list[int] = []

        async def work() -> None:
            await checkpoint()
            await checkpoint()
            done.append(1)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work)
        assert done

    cancels: list[Cancel] = [(1, 2), (1, 2, 3)]
    for cancel in cancels:
        schedule = Schedule(cancel=cancel, native=True)
        assert repr(shrink(schedule, lambda it: fails(nobody_is_cancelled, it))) == (
            "Schedule(cancel=(1, 2))"
        )


class Log:
    """What becomes of a task that cleans up with awaits."""

    def __init__(self) -> None:
        self.events: list[str] = []

    async def work(self) -> None:
        try:
            await checkpoint()
            await checkpoint()
            self.events.append("done")
        finally:
            try:
                await checkpoint()
                await checkpoint()
                self.events.append("clean")
            except asyncio.CancelledError:
                self.events.append("cancelled again")
                raise

    async def all(self) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.work)


@pytest.mark.parametrize(
    ("schedule", "events"),
    [
        (Schedule(), ["done", "clean"]),
        (Schedule(cancel=(1, 2), native=True), ["clean"]),
        (Schedule(cancel=(1, 2, 3), native=True), ["cancelled again"]),
        (Schedule(cancel=(1, 2, 4), native=True), ["cancelled again"]),
        (Schedule(cancel=(1, 2, 9), native=True), ["clean"]),
        (Schedule(cancel=(1, 9), native=True), ["done", "clean"]),
        (Schedule(cancel=(9, 2), native=True), ["done", "clean"]),
    ],
    ids=repr,
)
def test_it_comes_once_or_a_second_time_and_no_more(schedule: Schedule, events: list[str]) -> None:
    log = Log()
    run(log.all, schedule)
    assert log.events == events


def test_each_comes_with_a_second_one_while_the_task_cleans_up() -> None:
    said: list[Cancel | None] = []
    for schedule in every_schedule(0, cancel=True):
        run(Log().all, schedule)
        if schedule.native:
            said.append(schedule.cancel)
    first: list[Cancel] = [(1, 2), (1, 2, 3), (1, 2, 4)]
    assert said[:3] == first
    assert len(said) == len(set(said))


def test_it_tells_what_it_did() -> None:
    schedule = Schedule(cancel=(1, 2, 3), native=True)
    run(Log().all, schedule)
    first, *lines = schedule.explanation.splitlines()
    assert first == "What Schedule(cancel=(1, 2, 3), native=True) did:"
    assert [line.partition(": task 1, ")[0].strip() for line in lines] == [
        "cancelled by Task.cancel() before step 2",
        "cancelled by Task.cancel() before step 3",
    ]


def test_the_others_of_a_task_group_go_on() -> None:
    ended: list[int] = []

    async def work(number: int) -> None:
        await checkpoint()
        await checkpoint()
        ended.append(number)

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            for number in range(3):
                tasks.start_soon(work, number)

    run(main, Schedule(cancel=(2, 3), native=True))
    assert ended == [0, 2]


def test_who_awaits_the_task_is_told() -> None:
    async def main() -> None:
        task = asyncio.create_task(asyncio.sleep(0))
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled()

    run(main, Schedule(cancel=(1, 2), native=True))


def test_a_group_that_is_cancelled_meanwhile_ends_its_tasks_as_always() -> None:
    async def work() -> None:
        try:
            await anyio.sleep(9)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(1)

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work)
            await anyio.sleep(0.5)
            tasks.cancel_scope.cancel()
        assert anyio.current_time() == 1.5
        await checkpoint()

    run(main, Schedule(cancel=(1, 2), native=True))


def test_trio_has_no_such_cancellation_and_the_error_says_so() -> None:
    with pytest.raises(ValueError, match=r"asyncio's Task\.cancel\(\), which trio does not have; "):
        run(checkpoint, Schedule(cancel=(1, 2), native=True), "trio")


@pytest.mark.parametrize("n", range(1, 4))
def test_at_an_await_in_the_scope_the_task_that_opened_it_is_cancelled_once(n: int) -> None:
    log: list[str] = []
    schedule = Schedule(cancel=n, native=True)

    async def beside() -> None:
        await asyncio.sleep(1)
        await asyncio.sleep(1)
        log.append("beside")

    async def program() -> None:
        task = asyncio.create_task(beside())
        try:
            await asyncio.sleep(3)
        except asyncio.CancelledError:
            await asyncio.sleep(5)
            await task
            log.append("cleaned up")
            raise

    async def main() -> None:
        with pytest.raises(asyncio.CancelledError), schedule, schedule.cancel_scope():
            await program()

    anyio.run(main, backend_options=virtual_time("asyncio"))
    assert log == ["beside", "cleaned up"]
    assert schedule.explanation.splitlines()[1].startswith(
        f"  cancelled by Task.cancel() at await {n} of the cancel scope: task "
    )


def test_at_an_await_of_another_task_the_one_that_opened_the_scope_is_told_as_cancelled() -> None:
    schedule = Schedule(cancel=2, native=True)

    async def beside() -> None:
        await asyncio.sleep(1)

    async def main() -> None:
        with pytest.raises(asyncio.CancelledError), schedule, schedule.cancel_scope():
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(beside)
                await asyncio.sleep(2)

    anyio.run(main, backend_options=virtual_time("asyncio"))
    (told,) = schedule.explanation.splitlines()[1:]
    assert "beside" not in told


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_it_is_tried_where_there_is_one(backend: str) -> None:
    log = Log()
    schedules = every_schedule(0, cancel=True)
    natives = 0
    for schedule in schedules:
        run(log.all, schedule, backend)
        natives += schedule.native
    assert (natives > 0) == (backend == "asyncio")


@pytest.mark.parametrize(
    ("cancel", "native", "sentence"),
    [
        (None, True, "native=True cancels a task: *, or an await in *, such as 3."),
        ((1, 2, 3), False, "*a task is cancelled twice with native=True, and *, not (1, 2, 3)."),
        ((1, 3, 2), True, "The steps of cancel must be in ascending order, not (1, 3, 2)."),
        ((1, 2, 2), True, "The steps of cancel must be in ascending order, not (1, 2, 2)."),
        ((1, 1, 2), True, "cancel must be a task and *, not (1, 1, 2)."),
        ((1, 2), 1, "native must be True or False, not 1."),
    ],
)
def test_what_it_cannot_mean_is_told_in_a_sentence(
    cancel: Cancel | None,
    native: bool,
    sentence: str,
) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 the sentence is looked at below
        Schedule(cancel=cancel, native=native)
    before, _, after = sentence.partition("*")
    assert str(caught.value).startswith(before)
    assert str(caught.value).endswith(after.rpartition("*")[2])


def test_what_is_printed_can_be_read() -> None:
    for printed in (
        "Schedule(cancel=(2, 3), native=True)",
        "Schedule({(1, 2): 'idle'}, jitter=1.5, cancel=(2, 3, 5), native=True)",
    ):
        assert repr(Schedule.parse(printed)) == printed


async def shields_what_must_not_be_cut_off() -> None:
    """A transfer in two steps, the second of which comes whatever happens after the first."""
    accounts = [100, 0]

    async def transfer() -> None:
        await checkpoint()
        with anyio.CancelScope(shield=True):
            accounts[0] -= 10
            await checkpoint()
            accounts[1] += 10

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(transfer)
    assert sum(accounts) == 100


def test_a_task_in_a_shield_of_its_own_is_not_cancelled() -> None:
    schedules = every_schedule(0, cancel=True)
    for schedule in schedules:
        run(shields_what_must_not_be_cut_off, schedule)
    assert schedules.is_complete

    explorer = Explorer("seed", cancel=True)
    assert not any(fails(shields_what_must_not_be_cut_off, it) for it in explorer.trials(100))


def test_a_shield_around_the_whole_task_group_does_not_keep_its_tasks_from_it() -> None:
    async def shielded() -> None:
        with anyio.CancelScope(shield=True):
            await handed_over_to_who_is_cancelled()

    assert any(fails(shielded, schedule) for schedule in every_schedule(0, cancel=True))
