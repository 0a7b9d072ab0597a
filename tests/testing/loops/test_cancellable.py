"""How a task is cancelled without a cancel scope around what it does."""

import asyncio
from collections.abc import Callable

import anyio
import pytest
from anyio.abc import TaskStatus
from anyio.lowlevel import checkpoint

from awaits.testing import backends
from awaits.testing.loops import adapter_here

pytestmark = pytest.mark.anyio


async def test_a_task_is_cancelled_wherever_it_waits_and_its_scopes_may_stay_open() -> None:
    name = backends.running().partition("+")[0]
    opened = anyio.CancelScope()
    ended: list[BaseException] = []
    async with anyio.create_task_group() as tasks:
        with adapter_here().cancellable() as cancel:
            opened.__enter__()
            tasks.start_soon(soon, cancel)
            try:
                with anyio.CancelScope(shield=True):
                    await anyio.sleep(60)
            except BaseException as error:  # noqa: BLE001 each event loop has its own
                ended.append(error)
        opened.__exit__(None, None, None)
        await checkpoint()  # nothing is cancelled any more
    assert [type(error).__name__ for error in ended] == ["CancelledError"]
    if name == "asyncio":
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0


async def soon(cancel: object) -> None:
    await checkpoint()
    assert callable(cancel)
    cancel()


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_what_others_have_cancelled_stays_so_where_the_program_takes_back_ours(
    anyio_backend: str,  # noqa: ARG001 chooses the event loop
) -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()  # as Ctrl-C does
    with pytest.raises(asyncio.CancelledError):
        await checkpoint()
    with adapter_here().cancellable() as cancel:
        cancel()
        with pytest.raises(asyncio.CancelledError):
            await checkpoint()
        task.uncancel()
    assert task.cancelling() == 1
    task.uncancel()


async def test_who_does_not_wait_goes_on_until_it_does() -> None:
    name = backends.running().partition("+")[0]
    steps: list[str] = []
    with adapter_here().cancellable() as cancel:
        cancel()
        steps.append("runs")
        try:
            await checkpoint()
        except BaseException as error:  # noqa: BLE001 asyncio cancels at the next await
            steps.append(type(error).__name__)
    await checkpoint()
    assert steps == (["runs", "CancelledError"] if name == "asyncio" else ["runs"])


async def test_only_who_is_cancelled_again_ends_what_has_begun_since() -> None:
    ended: list[str] = []

    async def other() -> None:
        try:
            await anyio.sleep(60)
        except BaseException:
            ended.append("another task")
            raise

    async def swallow() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(other)
            try:
                await anyio.sleep(60)
            except BaseException as error:  # noqa: BLE001, ASYNC103 each event loop has its own
                ended.append(type(error).__name__)
            await anyio.sleep(60)

    asked: list[list[str]] = []

    async def cancel_twice(*, task_status: TaskStatus[list[Callable[[], None]]]) -> None:
        cancels: list[Callable[[], None]] = []
        task_status.started(cancels)
        for _ in range(2):
            await anyio.wait_all_tasks_blocked()
            cancels[0]()
            for _ in range(5):
                await checkpoint()
            asked.append(ended.copy())

    async with anyio.create_task_group() as outside:  # what was there before is left alone
        cancels = await outside.start(cancel_twice)
        with adapter_here().cancellable() as cancel:
            cancels.append(cancel)
            try:
                await swallow()
            except BaseException as error:  # noqa: BLE001, ASYNC103 see above
                ended.append(type(error).__name__)
    assert asked[0] == ["CancelledError"]
    assert "another task" in asked[1]
