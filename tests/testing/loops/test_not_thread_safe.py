"""`call_soon` from another thread, which wakes no event loop of asyncio's, nor a virtual one."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from functools import partial

import pytest

from awaits.testing import DeadlockError, Schedule, VirtualClock, virtual_time
from awaits.testing.loops._asyncio.loop import VirtualEventLoop
from awaits.testing.loops.timekeeper import Timekeeper


def once_it_waits(call: Callable[[], object]) -> None:
    """Call a function as the event loop begins to wait for a thread that is at work."""
    selector = vars(asyncio.get_running_loop())["_selector"]
    select, calls = selector.select, [call]

    def call_and_select(seconds: float | None) -> object:
        if seconds and calls:
            calls.pop()()
            seconds = 0
        return select(seconds)

    def work() -> None:
        while calls:
            time.sleep(0.001)

    selector.select = call_and_select
    threading.Thread(target=work).start()


def in_a_thread_once_it_waits(call: Callable[[], object]) -> None:
    """Have another thread call a function as the event loop begins to wait."""
    thread = threading.Thread(target=call)

    def run_thread() -> None:
        thread.start()
        thread.join()

    once_it_waits(run_thread)


def queue_once_it_waits(callback: Callable[[], None]) -> None:
    """Have another thread call `call_soon` as the event loop begins to wait."""
    in_a_thread_once_it_waits(partial(asyncio.get_running_loop().call_soon, callback))


def run(
    main: Callable[[], Coroutine[object, object, None]], clock: VirtualClock | None = None
) -> float:
    """Run a function in virtual time; return when it has ended."""
    options = virtual_time("asyncio", clock)
    with asyncio.Runner(loop_factory=options["loop_factory"]) as runner:
        runner.run(main())
        return runner.get_loop().time()


def test_a_task_that_waits_for_it_is_not_woken() -> None:
    async def main() -> None:
        queued = asyncio.Event()
        queue_once_it_waits(queued.set)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(10):
                await queued.wait()
        assert queued.is_set()

    assert run(main) == 10.0


def test_it_runs_when_something_else_wakes_the_event_loop() -> None:
    async def main() -> None:
        queued = asyncio.Event()
        queue_once_it_waits(queued.set)
        beat = asyncio.create_task(asyncio.sleep(1))
        await asyncio.wait_for(queued.wait(), 10)
        await beat

    assert run(main) == 1.0


def test_it_runs_before_what_the_same_thread_calls_thread_safely() -> None:
    async def main() -> None:
        loop, queued, called = asyncio.get_running_loop(), asyncio.Event(), list[int]()

        def call() -> None:
            loop.call_soon(called.append, 1)
            loop.call_soon_threadsafe(called.append, 2)
            loop.call_soon_threadsafe(queued.set)

        in_a_thread_once_it_waits(call)
        await queued.wait()
        assert called == [1, 2]

    assert run(main) == 0.0


def test_it_runs_before_a_timer_that_is_due_later() -> None:
    async def main() -> None:
        called = list[str]()
        queue_once_it_waits(lambda: called.append("queued"))
        asyncio.get_running_loop().call_later(1, called.append, "due")
        await asyncio.sleep(2)
        assert called == ["queued", "due"]

    assert run(main) == 2.0


@pytest.mark.parametrize("idle", [0.0, 0.1])
def test_it_wakes_nothing_in_an_order_that_is_explored_nor_while_the_clock_waits(
    idle: float,
) -> None:
    async def main() -> None:
        queued = asyncio.Event()
        with Schedule():
            queue_once_it_waits(queued.set)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(10):
                    await queued.wait()

    assert run(main, VirtualClock(idle=idle)) == 10.0


def test_a_deadlock_tells_of_it() -> None:
    async def main() -> None:
        queued = asyncio.Event()
        queue_once_it_waits(queued.set)
        await queued.wait()

    with pytest.raises(DeadlockError) as raised:
        run(main)
    (note,) = raised.value.__notes__
    assert note == (
        "Another thread has called call_soon, which does not wake the event loop; have it call "
        "call_soon_threadsafe."
    )


def test_a_thread_that_has_queued_and_is_about_to_wake_the_event_loop_is_heard() -> None:
    async def main() -> None:
        loop, queued = asyncio.get_running_loop(), asyncio.Event()
        has_queued, may_wake = threading.Event(), threading.Event()
        wake = vars(asyncio.SelectorEventLoop.__mro__[1])["_write_to_self"]
        thread = threading.Thread(target=loop.call_soon_threadsafe, args=(queued.set,))

        def wait_and_wake() -> None:
            has_queued.set()
            may_wake.wait()
            wake(loop)

        def queue() -> None:
            thread.start()
            has_queued.wait()

        vars(loop)["_write_to_self"] = wait_and_wake
        once_it_waits(queue)
        try:
            await asyncio.wait_for(queued.wait(), 10)
        finally:
            may_wake.set()
            thread.join()
            del vars(loop)["_write_to_self"]

    assert run(main) == 0.0


def test_what_the_event_loop_has_queued_itself_is_not_waited_for() -> None:
    loop = VirtualEventLoop(Timekeeper())
    loop.call_soon(len, "")
    assert vars(VirtualEventLoop)["_is_woken"](loop, 0.001)
    loop.close()


def test_a_thread_safe_call_of_what_cannot_be_called_is_refused_as_by_asyncio() -> None:
    async def coroutine_function() -> None: ...

    for factory in (asyncio.SelectorEventLoop, lambda: VirtualEventLoop(Timekeeper())):
        loop = factory()
        loop.set_debug(True)
        with pytest.raises(TypeError, match=r"call_soon_threadsafe"):
            loop.call_soon_threadsafe(coroutine_function)
        loop.close()
        loop.set_debug(False)
        with pytest.raises(RuntimeError, match=r"^Event loop is closed$"):
            loop.call_soon_threadsafe(len, "")
