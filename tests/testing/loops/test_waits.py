"""Who waits for what, and who holds it, is told of every kind of lock, on both event loops."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
import trio
from anyio.abc import TaskStatus

from awaits.testing import DeadlockError, virtual_time
from awaits.testing.deadlock import Place
from awaits.testing.loops import adapter_here
from awaits.testing.loops.standing import standing, title, told
from awaits.testing.loops.waits import Here

Make = Callable[[], object]
Main = Callable[[], Awaitable[object]]


def deadlock_of(backend: str, main: Main) -> list[str]:
    """Run into a deadlock; return its lines, without the places."""
    with pytest.raises(DeadlockError) as raised:
        anyio.run(main, backend=backend, backend_options=virtual_time(backend))
    lines = str(raised.value).splitlines()[1:]
    return [
        f"{line.partition(', for ')[0].partition(' at ')[0].strip()}{line.partition(', for')[2]}"
        for line in lines
    ]


BOTH = ["asyncio", "trio"]
LOCKS: list[tuple[str, Make]] = [
    *((it, anyio.Lock) for it in BOTH),
    *((it, lambda: anyio.Semaphore(1)) for it in BOTH),
    *((it, lambda: anyio.CapacityLimiter(1)) for it in BOTH),
    *((it, anyio.Condition) for it in BOTH),
    ("asyncio", asyncio.Lock),
    ("asyncio", lambda: asyncio.Semaphore(1)),
    ("asyncio", lambda: asyncio.BoundedSemaphore(1)),
    ("asyncio", asyncio.Condition),
    ("trio", trio.Lock),
    ("trio", trio.StrictFIFOLock),
    ("trio", lambda: trio.Semaphore(1)),
    ("trio", lambda: trio.CapacityLimiter(1)),
    ("trio", trio.Condition),
]


@pytest.mark.parametrize(("backend", "make"), LOCKS)
def test_two_tasks_that_hold_what_the_other_wants_wait_in_a_ring(backend: str, make: Make) -> None:
    async def main() -> None:
        a, b = make(), make()

        async def first() -> None:
            async with a:  # type: ignore[attr-defined]
                await anyio.sleep(1)
                async with b:  # type: ignore[attr-defined]
                    pass

        async def second() -> None:
            async with b:  # type: ignore[attr-defined]
                await anyio.sleep(1)
                async with a:  # type: ignore[attr-defined]
                    pass

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(first)
            tasks.start_soon(second)

    kind = "Lock" if "Lock" in type(make()).__name__ else type(make()).__name__
    kind = {"StrictFIFOLock": "StrictFIFOLock"}.get(type(make()).__name__, kind)
    kind = kind.removesuffix("Adapter")
    assert deadlock_of(backend, main) == [
        "the main task waits the end of tasks 1 and 2",
        f"task 1, first, waits {kind} 'b', held by task 2",
        f"task 2, second, waits {kind} 'a', held by task 1",
        "they wait for one another in a ring: task 1 for task 2, task 2 for task 1",
    ]


async def service(*, task_status: TaskStatus[None]) -> None:  # noqa: ARG001 it is never told
    await anyio.Event().wait()


@pytest.mark.parametrize("backend", BOTH)
def test_who_starts_a_task_waits_for_it_until_it_has_started(backend: str) -> None:
    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            await tasks.start(service)

    assert deadlock_of(backend, main) == [
        "the main task waits the end of task 1",
        "task 1, service, waits an Event to be set",
    ]


def test_who_starts_a_task_of_trio_waits_for_no_other_task_of_the_nursery() -> None:
    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            await nursery.start(service)

    assert deadlock_of("trio", main) == [
        "the main task waits the end of task 1",
        "task 1, service, waits an Event to be set",
        "task 2, sleep_forever, waits",
    ]


@pytest.mark.parametrize("backend", BOTH)
def test_one_who_waits_for_what_it_holds_itself_is_told_so(backend: str) -> None:
    async def main() -> None:
        permits = anyio.Semaphore(1)
        async with permits, permits:
            pass

    assert deadlock_of(backend, main) == [
        "the main task waits Semaphore 'permits', held by the main task",
        "the main task waits for what it holds itself",
    ]


@pytest.mark.parametrize("waits", ["wait", "wait_for"])
@pytest.mark.parametrize(
    ("backend", "make"),
    [("asyncio", anyio.Condition), ("trio", anyio.Condition), ("asyncio", asyncio.Condition)],
)
def test_who_waits_until_it_is_notified_does_not_hold_the_condition(
    backend: str, make: Callable[[], anyio.Condition | asyncio.Condition], waits: str
) -> None:
    async def main() -> None:
        changed = make()
        async with changed:
            await (changed.wait() if waits == "wait" else changed.wait_for(bool))

    assert deadlock_of(backend, main) == ["the main task waits Condition 'changed' to be notified"]


@pytest.mark.parametrize(
    ("backend", "condition"),
    [
        ("asyncio", anyio.Condition),
        ("asyncio", asyncio.Condition),
        ("trio", anyio.Condition),
        ("trio", trio.Condition),
    ],
)
def test_who_is_to_be_notified_does_not_wait_for_who_holds_the_condition(
    backend: str, condition: Make
) -> None:
    async def main() -> None:
        changed: Any = condition()

        async def waits() -> None:
            async with changed:
                await changed.wait()

        async def holds() -> None:
            await anyio.lowlevel.checkpoint()
            async with changed:
                await anyio.sleep_forever()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(waits)
            tasks.start_soon(holds)

    line = next(it for it in deadlock_of(backend, main) if "notified" in it)
    assert line.partition(", ")[2] == "waits, waits Condition 'changed' to be notified"


@pytest.mark.parametrize("backend", BOTH)
def test_who_is_notified_waits_for_the_lock_again(backend: str) -> None:
    async def main() -> None:
        changed = anyio.Condition()

        async def waits() -> None:
            async with changed:
                await changed.wait()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(waits)
            await anyio.sleep(1)
            async with changed:
                changed.notify()
                await anyio.sleep_forever()

    lines = deadlock_of(backend, main)
    assert lines[1] == "task 1, waits, waits Condition 'changed', held by the main task"


@pytest.mark.parametrize("backend", BOTH)
def test_what_is_an_attribute_is_called_so(backend: str) -> None:
    class Till:
        def __init__(self) -> None:
            self.opened = anyio.Event()

        async def wait(self) -> None:
            await self.opened.wait()

    assert deadlock_of(backend, lambda: Till().wait()) == [
        "the main task waits Event 'self.opened' to be set"
    ]


@pytest.mark.parametrize("backend", BOTH)
def test_streams_tell_how_many_are_open_at_their_other_end(backend: str) -> None:
    async def main() -> None:
        send, receive = anyio.create_memory_object_stream[int](0)
        one, other = anyio.create_memory_object_stream[int](0)

        async def takes() -> None:
            await receive.receive()

        async def gives() -> None:
            await one.send(1)

        with send, send.clone(), receive, one, other:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(takes)
                tasks.start_soon(gives)

    gives, takes = deadlock_of(backend, main)[1:]
    assert gives.endswith("room in MemoryObjectSendStream 'one' (1 receive stream open)")
    assert takes.endswith("an item from MemoryObjectReceiveStream 'receive' (2 send streams open)")


Never = asyncio.Task[None]
WAITS: list[tuple[Callable[[Never], Awaitable[object]], str]] = [
    (lambda never: never, "the end of task 1"),
    (lambda never: asyncio.gather(never), "the end of task 1"),  # noqa: PLW0108 it has overloads
    (lambda never: asyncio.wait([never]), "the end of task 1"),
    (lambda never: asyncio.wait_for(never, None), "the end of task 1"),
    (lambda _never: asyncio.get_running_loop().create_future(), "a future"),
    (lambda _never: asyncio.Queue[int]().get(), "an item from a Queue"),
]


@pytest.mark.parametrize(("wait", "said"), WAITS)
def test_tasks_futures_and_queues_of_asyncio(
    wait: Callable[[Never], Awaitable[object]], said: str
) -> None:
    async def main() -> None:
        async def never() -> None:
            await asyncio.Event().wait()

        await wait(asyncio.create_task(never()))

    assert deadlock_of("asyncio", main)[0] == f"the main task waits {said}"


def test_the_tasks_of_a_group_of_asyncio() -> None:
    async def main() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(asyncio.Event().wait(), name="waiter")

    lines = deadlock_of("asyncio", main)
    assert lines == [
        "the main task waits the end of task 1",
        "task 1, waiter, waits an Event to be set",
    ]


def test_channels_of_trio() -> None:
    async def main() -> None:
        send, receive = trio.open_memory_channel[int](0)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(receive.receive)
            other, _ = trio.open_memory_channel[int](0)
            await other.send(1)
        del send

    lines = deadlock_of("trio", main)
    assert lines[0] == "the main task waits room in MemorySendChannel 'other'"


def test_more_holders_than_five_are_counted() -> None:
    async def main() -> None:
        permits = anyio.Semaphore(7)

        async def holds() -> None:
            async with permits:
                await anyio.sleep_forever()

        async with anyio.create_task_group() as tasks:
            for _ in range(7):
                tasks.start_soon(holds)
            await anyio.sleep(1)
            async with permits:
                pass

    assert deadlock_of("trio", main)[0] == (
        "the main task waits Semaphore 'permits', held by tasks 1, 2, 3, 4, 5 and 2 more"
    )


@pytest.mark.anyio
async def test_the_task_that_runs_is_told_from_those_that_can_and_those_that_wait() -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(anyio.sleep_forever, name="waits")
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(anyio.sleep_forever, name="can run")
        does = {it.name: it.does for it in adapter_here().standing_here()}
        assert does.pop("waits") == "waits"
        assert does.pop("can run") == "can run"
        assert list(does.values()).count("runs") == 1
        tasks.cancel_scope.cancel()


class TestTitle:
    def test_a_task_that_has_not_begun_has_the_name_of_its_function(self) -> None:
        coroutine = anyio.sleep(1)
        assert title("sleep(1) at 0x7f87004f37c0", None, coroutine) == "sleep"  # no name at all
        coroutine.close()
        coroutine = anyio.sleep(1)
        assert title("functools", None, coroutine) == "sleep"  # anyio's name for a partial
        coroutine.close()
        assert title(f"{__name__}.f.<locals>.worker", None) == "worker"
        assert title(f"{__name__}.Shop.sell", None) == "Shop.sell"

    @pytest.mark.parametrize("name", ["<test 'test_it'>", "<fixture 'shop'>"])
    def test_what_pytest_trio_runs_has_the_name_of_its_function(self, name: str) -> None:
        code = service.__code__
        assert title(name, Place(code, code, 1)) == "service"
        assert title(name, None) == name.split("'")[1]

    @pytest.mark.anyio
    async def test_a_name_that_the_user_gave_stands_beside_the_function(self) -> None:
        async def buys() -> None:
            await anyio.sleep_forever()

        named: list[str] = []
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(buys, name="Ann")
            tasks.start_soon(buys, name="Bob")
            await anyio.wait_all_tasks_blocked()
            coroutines = [
                Here(it.id, it.name or "", it.coro)
                for it in anyio.get_running_tasks()
                if it.name in ("Ann", "Bob")
            ]
            named = [it.name for it in standing(coroutines, lambda _self, _frame: None)]
            tasks.cancel_scope.cancel()
        assert named == ["buys 'Ann'", "buys 'Bob'"]

    def test_tasks_keep_the_numbers_that_they_have(self) -> None:
        tasks = [Here("a", "a", None), Here("b", "b", None), Here("c", "c", None)]
        numbers: dict[object, int] = {"a": 3, "b": 0, "c": 1}
        lines = told(standing(tasks, lambda _self, _frame: None, numbers.__getitem__))
        assert lines == ["task 1, c, waits", "task 3, a, waits", "task 4, b, waits"]


def test_a_lock_taken_without_a_block_is_not_told_wrongly() -> None:
    async def main() -> None:
        lock = asyncio.Lock()
        await lock.acquire()
        await lock.acquire()

    assert deadlock_of("asyncio", main) == ["the main task waits Lock 'lock'"]
