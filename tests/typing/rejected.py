"""What mypy must reject, with the code it gives. This file is never run.

Each `type: ignore` names the code of the error on its line. mypy's `warn_unused_ignores` turns a
line that it stops rejecting into an error, and so does a code that changes.
"""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import assert_never

import anyio

from awaits import individual_task, main
from awaits.tasks import Done, Event, Header, Started


async def a_forgotten_await() -> None:
    individual_task(1)  # type: ignore[unused-coroutine]


async def a_forgotten_await_of_any_awaitable(fetch: Callable[[], Awaitable[int]]) -> None:
    fetch()  # type: ignore[unused-awaitable]


async def a_coroutine_is_always_true() -> None:
    if individual_task(1):  # type: ignore[truthy-bool]
        pass


async def a_function_is_no_awaitable() -> None:
    await individual_task  # type: ignore[misc]


async def the_result_of_a_plain_function_is_no_awaitable() -> None:
    await time.sleep(1)  # type: ignore[func-returns-value, misc]


async def a_coroutine_where_a_function_belongs() -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(individual_task(1))  # type: ignore[arg-type]


def a_coroutine_for_the_event_loop() -> None:
    anyio.run(main(20))  # type: ignore[arg-type]


def a_plain_function_for_the_event_loop() -> None:
    anyio.run(time.sleep, 1)  # type: ignore[arg-type]


async def arguments_that_do_not_fit() -> None:
    await main("20")  # type: ignore[arg-type]
    await main(20, 5)  # type: ignore[call-arg]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(individual_task, "1")  # type: ignore[arg-type]


async def a_result_that_there_is_not() -> None:
    _ = await main(20)  # type: ignore[func-returns-value]


async def numbers() -> AsyncIterator[int]:
    yield 1


@asynccontextmanager
async def connection() -> AsyncGenerator[int]:
    yield 1


async def the_plain_loop_over_an_async_iterator() -> None:
    for _ in numbers():  # type: ignore[attr-defined]
        pass


async def the_plain_with_of_an_async_context_manager() -> None:
    with connection():  # type: ignore[attr-defined]
        pass


def a_match_that_forgets_what_else_is_reported(event: Event) -> None:
    match event:
        case Header() | Started():
            pass
        case _:
            assert_never(event)  # type: ignore[arg-type]


def whoever_takes_only_some_of_what_is_reported(report: Callable[[Done], None]) -> None:
    anyio.run(lambda: main(20, report=report))  # type: ignore[arg-type]
