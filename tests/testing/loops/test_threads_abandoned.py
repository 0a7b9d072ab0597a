"""A worker that was abandoned, and now waits for the event loop, hides no other worker."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator

import anyio
import anyio.from_thread
import anyio.lowlevel
import anyio.to_thread
import pytest
from anyio.from_thread import BlockingPortal

from awaits.testing import virtual_time
from awaits.testing.loops.stacks import frames, is_at_rest
from tests.testing.loops.shared import on_both


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    """What was abandoned has ended, so that no later test meets it."""
    before = threading.enumerate()
    yield
    left = [it for it in threading.enumerate() if it not in before]
    while any(it.is_alive() and not is_at_rest(frames().get(it.ident or 0)) for it in left):
        time.sleep(0.01)


async def beside_another() -> float:
    """Wait for a worker for five virtual seconds at most, and return how many it takes."""
    began = anyio.current_time()
    with anyio.move_on_after(5):
        await anyio.to_thread.run_sync(time.sleep, 0.3)
    return anyio.current_time() - began


async def abandoned(work: Callable[[], None]) -> None:
    """Give a worker something to do, and do not wait for it once it has begun."""
    begun = threading.Event()

    def begin() -> None:
        begun.set()
        work()

    async def run() -> None:
        await anyio.to_thread.run_sync(begin, abandon_on_cancel=True)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        while not begun.is_set():
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()


async def through_anyio() -> float:
    async def for_long() -> None:
        with anyio.CancelScope(shield=True):
            await anyio.sleep(1000)

    def work() -> None:
        time.sleep(0.1)
        with contextlib.suppress(BaseException):
            anyio.from_thread.run(for_long)

    await abandoned(work)
    return await beside_another()


async def through_a_portal() -> float:
    seconds = -1.0
    async with BlockingPortal() as portal:

        def work() -> None:
            time.sleep(0.1)
            with contextlib.suppress(BaseException):
                portal.call(anyio.sleep, 1000)

        async def run() -> None:
            await anyio.to_thread.run_sync(work, abandon_on_cancel=True)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run)
            await anyio.lowlevel.checkpoint()
            await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
        seconds = await beside_another()
        await portal.stop(cancel_remaining=True)
    return seconds


async def through_asyncio() -> float:
    loop, begun = asyncio.get_running_loop(), threading.Event()

    def work() -> None:
        begun.set()
        time.sleep(0.1)
        with contextlib.suppress(BaseException):
            asyncio.run_coroutine_threadsafe(asyncio.sleep(1000), loop).result()

    task = asyncio.create_task(asyncio.to_thread(work))
    while not begun.is_set():  # noqa: ASYNC110 a thread sets it
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    return await beside_another()


@on_both
@pytest.mark.parametrize("main", [through_anyio, through_a_portal])
def test_time_waits_for_the_other_one(backend: str, main: object) -> None:
    program = through_anyio if main is through_anyio else through_a_portal
    assert anyio.run(program, backend=backend, backend_options=virtual_time(backend)) == 0.0


def test_it_does_so_for_threads_of_an_executor_too() -> None:
    assert anyio.run(through_asyncio, backend_options=virtual_time("asyncio")) == 0.0
