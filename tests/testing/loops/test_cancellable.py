"""How a task is cancelled without a cancel scope around what it does."""

import asyncio

import anyio
import pytest
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
