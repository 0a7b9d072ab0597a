"""What the program's types are. This file is never run: mypy checks it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, assert_never, assert_type

import anyio

from awaits import hello, individual_task, main
from awaits.tasks import Done, Event, Header, Started
from awaits.testing import Cancel, EverySchedule, Late, Schedule, every_schedule, virtual_time
from awaits.testing.loops import _asyncio, _trio
from awaits.testing.loops.contract import Adapter
from awaits.testing.stateful import AsyncStateMachine

# A call of a coroutine function makes a coroutine: nothing has run yet.
_ = assert_type(individual_task(1), Coroutine[Any, Any, None])
_ = assert_type(main(20), Coroutine[Any, Any, None])
_ = assert_type(main(20, limit=5), Coroutine[Any, Any, None])
_ = assert_type(hello.main(), Coroutine[Any, Any, None])

# A coroutine is an awaitable, so the functions fit wherever one that returns an awaitable does.
task: Callable[[int], Awaitable[None]] = individual_task
program: Callable[..., Awaitable[None]] = main
first_program: Callable[[], Awaitable[None]] = hello.main


async def awaited() -> None:
    # Awaiting gives what the coroutine returns.
    assert_type(await individual_task(1), None)

    # A task group and an event loop take the function and its arguments, not a coroutine.
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(individual_task, 1)
        tasks.start_soon(main, 20)


def run() -> None:
    assert_type(anyio.run(main, 20), None)
    assert_type(anyio.run(individual_task, 1, backend="trio"), None)


# What the program reports is one of three: a match that forgets one is rejected.
def reported(event: Event) -> None:
    match event:
        case Started(task_number, seconds):
            assert_type(task_number, int)
            assert_type(seconds, int)
        case Done(task_number):
            assert_type(task_number, int)
        case Header():
            assert_type(str(event), str)
        case _:
            assert_never(event)


# A machine's own `teardown` may be async, and await that of its base; Hypothesis's is not async.
class Machine(AsyncStateMachine):
    async def teardown(self) -> None:  # type: ignore[override]
        await super().teardown()


class MachineOfAMachine(Machine):
    async def teardown(self) -> None:  # type: ignore[override]
        await super().teardown()


# The options of asyncio have a factory that asyncio itself takes; anyio takes those of both.
def in_virtual_time(backend: str) -> None:
    with asyncio.Runner(loop_factory=virtual_time("asyncio")["loop_factory"]) as runner:
        runner.run(main(20))
    anyio.run(main, 20, backend_options=virtual_time("asyncio"))
    anyio.run(main, 20, backend=backend, backend_options=virtual_time(backend))


# What a schedule is made of can be named.
def a_schedule(late: Late, cancel: Cancel) -> Schedule:
    return Schedule({(1, 2): late}, cancel=cancel)


every: EverySchedule = every_schedule(deviations=2)

# The adapters do all that the engine asks of them.
adapters: tuple[Adapter, Adapter] = _asyncio, _trio
