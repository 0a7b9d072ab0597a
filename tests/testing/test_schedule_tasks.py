"""Which task a schedule cancels, and how, whoever has started it."""

import asyncio
import gc
import warnings
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import anyio
import anyio.abc
import pytest
from anyio.lowlevel import checkpoint

from awaits.testing import Schedule, every_schedule, virtual_time

both = pytest.mark.parametrize("backend", ["asyncio", "trio"])


def run(main: Callable[[], Awaitable[None]], backend: str = "asyncio") -> None:
    anyio.run(main, backend=backend, backend_options=virtual_time(backend))


@both
@pytest.mark.parametrize("cancel", [(9, 9), (1, 2), (1, 3)])
def test_one_that_tells_when_it_has_started(backend: str, cancel: tuple[int, int]) -> None:
    log: list[str] = []

    async def serve(*, task_status: anyio.abc.TaskStatus[str]) -> None:
        task_status.started("ready")
        for n in range(3):
            log.append(str(n))
            await checkpoint()

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            with Schedule(cancel=cancel):
                log.append(await tasks.start(serve))
                for _ in range(5):
                    await checkpoint()

    run(main, backend)
    n_steps = cancel[1] if cancel[0] == 1 else 4
    assert sorted(log) == sorted(["ready", *map(str, range(3))][:n_steps])


def test_one_of_asyncio_that_is_cancelled_before_it_begins_is_no_warning() -> None:
    async def work() -> None:
        await asyncio.sleep(1)

    async def main() -> None:
        for native in (False, True):
            with Schedule(cancel=(9, 9), native=native):
                task = asyncio.create_task(work())
                task.cancel()
                await asyncio.wait([task])
            assert task.cancelled()
            del task
        gc.collect()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(main)


def test_one_of_asyncio_raises_where_it_is_awaited() -> None:
    async def work() -> str:
        await asyncio.sleep(1)
        return "answer"

    async def main() -> None:
        schedule = Schedule(cancel=(1, 2))
        with schedule:
            task = asyncio.create_task(work())
            with pytest.raises(asyncio.CancelledError):
                await task
        assert "  cancelled before step 2: task 1, work, " in schedule.explanation

    run(main)


@both
def test_one_that_has_ended_or_is_older_is_not_cancelled(backend: str) -> None:
    async def short() -> None:
        await checkpoint()

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.sleep, 1)
            await checkpoint()
            for cancel in [(1, 3), (2, 2), (3, 3)]:
                schedule = Schedule(cancel=cancel)
                with schedule:
                    async with anyio.create_task_group() as ours:
                        ours.start_soon(short)
                    await anyio.sleep(2)
                assert "did nothing" in schedule.explanation, cancel

    run(main, backend)


@both
def test_those_of_a_library_are_not_cancelled_alone(backend: str) -> None:
    async def main() -> None:
        every = every_schedule(0, cancel=True)
        for schedule in every:
            with schedule:
                done = await anyio.run_process(["echo", "yes"])
                assert done.stdout == b"yes\n"
        assert str(every) == "the only schedule with at most 0 deviations passed"

    anyio.run(main, backend=backend)


def factory(
    loop: asyncio.AbstractEventLoop,
    coroutine: Coroutine[Any, Any, object],
    **kwargs: Any,  # noqa: ANN401 asyncio's own
) -> asyncio.Task[object]:
    return asyncio.Task(coroutine, loop=loop, **kwargs)


def test_those_of_a_task_factory_are_cancelled_too() -> None:
    async def main() -> None:
        asyncio.get_running_loop().set_task_factory(factory)  # type: ignore[arg-type]
        every, n_cancelled = every_schedule(0, cancel=True), 0

        async def task(done: list[bool]) -> None:
            await checkpoint()
            done.append(True)

        for schedule in every:
            done: list[bool] = []
            with schedule:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(task, done)
            n_cancelled += not done
        assert (str(every), n_cancelled) == (
            "all 3 schedules with at most 0 deviations passed",
            2,
        )
        assert asyncio.get_running_loop().get_task_factory() is factory

    run(main)


def test_a_task_factory_that_is_set_meanwhile_stays() -> None:
    async def main() -> None:
        with Schedule(cancel=(2, 2), native=True):
            asyncio.get_running_loop().set_task_factory(factory)  # type: ignore[arg-type]
        assert asyncio.get_running_loop().get_task_factory() is factory

    run(main)


@pytest.mark.skipif(not hasattr(asyncio, "eager_task_factory"), reason="Python 3.12 has it first.")
def test_eager_ones_are_cancelled_but_not_natively() -> None:
    async def work() -> None:
        await asyncio.sleep(1)
        await asyncio.sleep(1)

    async def main() -> None:
        asyncio.get_running_loop().set_task_factory(vars(asyncio)["eager_task_factory"])
        with Schedule(cancel=(1, 2)):
            task = asyncio.create_task(work())
            with pytest.raises(asyncio.CancelledError):
                await task
        with pytest.raises(ValueError, match="leave out asyncio's eager_task_factory in this"):
            Schedule(cancel=(1, 2), native=True).__enter__()

    run(main)


@both
def test_what_is_cancelled_is_told_before_what_is_delayed_after_it(backend: str) -> None:
    schedule = Schedule({(1, 2): 1, (1, 3): 1, (2, 3): 2}, cancel=1)

    async def work() -> None:
        for _ in range(4):
            await checkpoint()

    async def main() -> None:
        with schedule:
            for _ in range(3):
                await checkpoint()  # nobody else is ready, so no delay has an effect
            with schedule.cancel_scope():
                await checkpoint()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(work)
                tasks.start_soon(work)

    run(main, backend)
    _, first, second, *_ = schedule.explanation.splitlines()
    assert first.startswith("  cancelled at await 1 of the cancel scope: ")
    assert second.startswith("  delayed before step 3: task 2, ")


@both
def test_each_try_in_a_scope_of_its_own_is_cancelled(backend: str) -> None:
    async def main() -> None:
        for cancel in range(1, 4):
            caught: list[int] = []
            schedule = Schedule(cancel=cancel)
            with schedule:
                for n in range(1, 4):
                    with schedule.cancel_scope() as scope:
                        await anyio.sleep(1)
                    if scope.cancelled_caught:
                        caught.append(n)
            assert caught == [cancel]

    run(main, backend)


@both
def test_the_step_in_which_a_task_ends_is_no_await(backend: str) -> None:
    async def short() -> None:
        await checkpoint()

    async def did_nothing(cancel: int) -> bool:
        schedule = Schedule(cancel=cancel)
        with schedule, schedule.cancel_scope():
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(short)
                tasks.start_soon(short)
        return "did nothing" in schedule.explanation

    async def main() -> None:
        # The group waits for its tasks, and each of them waits once.
        assert [await did_nothing(n) for n in range(1, 6)] == [False] * 3 + [True] * 2

    run(main, backend)
