"""What the program's types are. This file is never run: mypy checks it."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, assert_never, assert_type

import anyio

from awaits import hello, individual_task, main
from awaits.tasks import Done, Event, Header, Started
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
