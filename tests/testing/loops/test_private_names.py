"""The private names that the kit stands on. If one of these fails, a library has moved it:
read the head of src/awaits/testing/_asyncio.py or _trio.py for what it is needed for.
"""

import asyncio
import contextvars
import importlib
import inspect
import socket
import threading
import warnings
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from types import CoroutineType
from unittest import mock

import anyio.to_thread
import pytest
import trio
from anyio import from_thread
from anyio._backends import _asyncio as anyio_asyncio
from anyio._backends import _trio as anyio_trio
from trio import _signals, _threads
from trio._core import _run

from awaits.testing.loops import stacks
from awaits.testing.loops._asyncio import loop as kit_loop
from awaits.testing.loops._asyncio import order as kit_order
from awaits.testing.loops.frames import RUN_OF_TRIO, runs_steps

# pyright: reportPrivateUsage=false, reportAttributeAccessIssue=false, reportUnknownLambdaType=false


@pytest.fixture
def loop() -> Iterator[asyncio.SelectorEventLoop]:
    loop = asyncio.SelectorEventLoop()
    yield loop
    loop.close()


def test_asyncio_keeps_what_can_run_in_a_queue_called_ready(
    loop: asyncio.SelectorEventLoop,
) -> None:
    handle = loop.call_soon(print)
    assert list(vars(loop)["_ready"]) == [handle]


def test_asyncio_is_told_of_cancelled_timers(loop: asyncio.SelectorEventLoop) -> None:
    with mock.patch.object(loop, "_timer_handle_cancelled") as told:
        timer = loop.call_later(1, print)
        timer.cancel()
    told.assert_called_once_with(timer)


def test_asyncio_keeps_its_signal_handlers_in_a_dict(loop: asyncio.SelectorEventLoop) -> None:
    assert vars(loop)["_signal_handlers"] == {}


def test_asyncio_asks_its_selector_how_long_to_wait(loop: asyncio.SelectorEventLoop) -> None:
    selector = vars(loop)["_selector"]
    assert len(vars(selector)["_fd_to_key"]) == 1  # which is for other threads


def test_asyncio_sends_a_function_that_closes_over_the_future_that_a_thread_waits_for() -> None:
    (starts,) = kit_loop.STARTS_COROUTINE
    assert "future" in starts.co_freevars


def test_anyio_has_the_methods_that_the_kit_teaches() -> None:
    for name in "wait_all_tasks_blocked", "run_sync_in_worker_thread":
        assert isinstance(vars(anyio_asyncio.AsyncIOBackend)[name], classmethod), name


def test_anyio_sends_all_that_a_portal_is_asked_by_one_method_with_its_futures() -> None:
    names = ["self", "func", "args", "kwargs", "name", "future"]
    portal = from_thread.BlockingPortal
    assert list(inspect.signature(portal._spawn_task_from_thread).parameters) == names
    for method in portal.start_task_soon, portal.start_task:
        assert "self._spawn_task_from_thread(" in inspect.getsource(method)
    future: Future[None] = Future()
    assert from_thread._BlockingPortalTaskStatus(future)._future is future
    entering = inspect.getsource(from_thread._BlockingAsyncContextManager.__enter__)
    assert "self._enter_future = Future()" in entering
    assert "self._portal.start_task_soon(self.run_async_cm)" in entering


def test_threads_that_have_no_work_or_ask_for_some_stand_in_functions_of_that_name() -> None:
    importlib.import_module("awaits.testing.loops._trio")  # which adds its own
    places = {it for it in stacks.POOLS | stacks.ASKING if not it[0].startswith("awaits.")}
    assert len(places) == 4
    for module, name in places:
        it: object = importlib.import_module(module)
        for part in name.split("."):
            it = getattr(it, part)
        assert inspect.isfunction(it)


def test_anyio_asks_a_limiter_for_leave_around_the_work_of_a_thread() -> None:
    source = inspect.getsource(anyio_asyncio)
    assert "async with limiter or cls.current_default_thread_limiter():" in source


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["trio"])
async def test_trio_has_a_scheduler_with_what_the_kit_asks_it() -> None:
    runner = _run.GLOBAL_RUN_CONTEXT.runner
    assert runner.main_task is not None
    assert runner.main_task in runner.tasks
    assert runner.init_task in runner.tasks
    assert not runner.waiting_for_idle
    assert runner.deadlines.next_deadline() > 0
    assert callable(runner.main_task._attempt_abort)
    assert runner.main_task._abort_func is None  # it runs
    assert runner.io_manager.statistics().tasks_waiting_read == 1  # for other threads
    assert len(runner.io_manager._registered) == 1
    assert hasattr(runner.io_manager, "_epoll") or hasattr(runner.io_manager, "_kqueue")
    names = [frame.f_code.co_name for frame, _ in runner.main_task.iter_await_frames()]
    assert names[0] == "_run_tests_and_fixtures"


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["trio"])
async def test_trio_counts_the_threads_that_are_out() -> None:
    release = threading.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: anyio.to_thread.run_sync(release.wait))
        await anyio.wait_all_tasks_blocked()
        assert _threads._active_threads_local.get().count == 1
        release.set()


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["trio"])
async def test_trio_does_what_a_worker_asks_for_in_a_task_and_tells_whose_worker_it_is() -> None:
    token = await trio.to_thread.run_sync(lambda: _threads.PARENT_TASK_DATA.token)
    assert token is trio.lowlevel.current_trio_token()
    assert inspect.iscoroutinefunction(_threads.Run.run)
    assert inspect.iscoroutinefunction(_threads.Run.run_system)
    assert "await msg_from_thread.run()" in inspect.getsource(_threads.to_thread_run_sync)
    register = await trio.to_thread.run_sync(lambda: _threads.PARENT_TASK_DATA.task_register)
    assert register == [trio.lowlevel.current_task()]


def test_trio_asks_the_clock_only_when_no_task_can_run() -> None:
    source = inspect.getsource(_run.unrolled_run)
    assert source.count("deadline_to_sleep_time") == 1
    assert source.index("if runner.runq:") < source.index("deadline_to_sleep_time")


def test_trio_handles_signals_in_the_module_of_that_name() -> None:
    assert _signals.__name__ == trio.open_signal_receiver.__wrapped__.__module__ == "trio._signals"  # type: ignore[attr-defined]


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_asyncio_takes_what_runs_next_from_the_left_of_its_queue_and_asks_its_length() -> (
    None
):
    source = inspect.getsource(vars(asyncio.BaseEventLoop)["_run_once"])
    assert source.count("self._ready.popleft()") == 1
    assert source.index("len(self._ready)") < source.index("self._ready.popleft()")


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_asyncio_calls_the_steps_of_tasks_by_names_that_the_kit_knows() -> None:
    names: set[str] = set()
    event = asyncio.Event()

    async def wait() -> None:
        await event.wait()

    async def note_names() -> None:
        for handle in vars(asyncio.get_running_loop())["_ready"]:
            callback = handle._callback
            assert callback.__self__ is task
            assert isinstance(handle._context, contextvars.Context)
            names.add(getattr(callback, "__name__", None) or type(callback).__name__)

    task = asyncio.create_task(wait())
    await note_names()
    await asyncio.sleep(0)
    event.set()
    await note_names()
    assert len(names) == 2
    assert names <= kit_order.STEPS
    await task


def test_trio_copies_its_queue_and_clears_it_at_each_turn() -> None:
    source = inspect.getsource(_run.unrolled_run)
    assert "batch = list(runner.runq)\n            runner.runq.clear()\n" in source


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["trio"])
async def test_trio_keeps_what_a_task_is_woken_with() -> None:
    with trio.CancelScope() as scope:
        scope.cancel()
        assert trio.lowlevel.current_task()._next_send is None
        await trio.lowlevel.checkpoint()
    assert type(_run.GLOBAL_RUN_CONTEXT.runner.runq) is deque


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_task_of_asyncio_keeps_the_future_that_it_waits_for() -> None:
    future = asyncio.get_running_loop().create_future()
    gathered = asyncio.gather(future)
    task = asyncio.ensure_future(asyncio.wait_for(gathered, None))
    await asyncio.sleep(0)
    assert vars(asyncio.tasks)["_GatheringFuture"] is type(task._fut_waiter) is type(gathered)  # type: ignore[attr-defined]
    assert gathered._children == [future]  # type: ignore[attr-defined]
    task.cancel()


@pytest.mark.anyio
async def test_task_groups_keep_their_tasks_in_a_set(anyio_backend_name: str) -> None:
    if anyio_backend_name == "trio":
        async with trio.open_nursery() as nursery:
            assert nursery.child_tasks == frozenset()
        return
    for group in anyio_asyncio.TaskGroup(), asyncio.TaskGroup():
        async with group:
            assert group._tasks == set()


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_anyio_keeps_the_scope_of_each_task_who_entered_it_and_what_is_around_it() -> None:
    task = asyncio.current_task()
    assert task is not None
    with anyio.CancelScope() as outer, anyio.CancelScope() as inner:
        await anyio.lowlevel.checkpoint()
        assert anyio_asyncio._task_states[task].cancel_scope is inner
        assert inner._parent_scope is outer
        assert inner._host_task is task


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_event_loops_run_the_steps_of_tasks_in_functions_of_those_names(
    anyio_backend_name: str,
) -> None:
    frame = inspect.currentframe()
    while frame is not None and not runs_steps(frame):
        frame = frame.f_back
    assert frame is not None
    assert anyio_backend_name in frame.f_code.co_filename
    assert f"{_run.Runner.__module__}.{_run.Runner.__qualname__}" == RUN_OF_TRIO


def test_event_loops_sleep_and_wait_in_functions_of_those_names() -> None:
    assert "delay" in inspect.signature(asyncio.sleep).parameters
    assert "fs" in inspect.signature(asyncio.tasks._wait).parameters  # type: ignore[attr-defined]
    assert "fut" in inspect.signature(asyncio.wait_for).parameters
    assert trio.sleep.__module__ == trio.sleep_until.__module__ == "trio"
    assert "seconds" in inspect.signature(trio.sleep).parameters
    assert "deadline" in inspect.signature(trio.sleep_until).parameters
    assert _threads.to_thread_run_sync.__code__.co_name == "to_thread_run_sync"


def test_anyio_starts_tasks_in_methods_with_those_names() -> None:
    assert "coro" in anyio_asyncio.TaskGroup.start.__code__.co_varnames
    inside = anyio_trio.TaskGroup.start.__code__.co_consts
    assert "run_coro_with_task_status" in [getattr(it, "co_name", None) for it in inside]


def test_python_says_by_a_function_of_warnings_what_was_never_closed_or_awaited() -> None:
    async def work() -> None:
        pass

    with mock.patch.object(warnings, "_showwarnmsg") as told, warnings.catch_warnings():
        warnings.simplefilter("always")
        never_closed, never_awaited = socket.socket(), work()
        del never_closed, never_awaited
    sources = [call.args[0].source for call in told.call_args_list]
    assert [type(source) for source in sources] == [socket.socket, CoroutineType]
    sources[0].close()


def test_the_runner_of_asyncio_cancels_what_is_left_in_a_function_of_its_own() -> None:
    source = inspect.getsource(asyncio.Runner.close)
    assert "_cancel_all_tasks(loop)" in source
    assert "loop.run_until_complete" in inspect.getsource(
        vars(asyncio.runners)["_cancel_all_tasks"]
    )


def test_a_runner_of_asyncio_keeps_its_event_loop_until_it_is_closed() -> None:
    runner = asyncio.Runner()
    assert vars(runner)["_loop"] is None
    with runner:
        assert vars(runner)["_loop"] is runner.get_loop()
    assert vars(runner)["_loop"] is None
