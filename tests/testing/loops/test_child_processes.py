"""Child processes of a test in virtual time: on Linux, time waits while they are at work."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Awaitable, Callable, Generator
from unittest import mock

import anyio
import anyio.to_process
import pytest

from awaits.testing import virtual_time
from awaits.testing.loops import alone, children, sleeps
from tests.testing.loops.shared import on_both, threads_beside_no_loop

pytestmark = pytest.mark.skipif(not sleeps.SLEEPS_ARE_TOLD, reason="Only Linux tells.")

PYTHON = [sys.executable, "-c", "print(sum(range(100_000)))"]


def run(backend: str, main: Callable[[], Awaitable[None]]) -> None:
    anyio.run(main, backend=backend, backend_options=virtual_time(backend))


async def run_one() -> None:
    assert (await anyio.run_process(PYTHON)).stdout == b"4999950000\n"


async def run_one_without_pipes() -> None:
    await anyio.run_process(PYTHON, stdin=None, stdout=None, stderr=None)


async def run_one_of_a_child() -> None:
    program = f"import subprocess; subprocess.run({PYTHON!r})"
    assert (await anyio.run_process([sys.executable, "-c", program])).stdout == b"4999950000\n"


async def ask_a_worker_process() -> None:
    assert await anyio.to_process.run_sync(abs, -1) == 1


@on_both
@pytest.mark.parametrize(
    "wait", [run_one, run_one_without_pipes, run_one_of_a_child, ask_a_worker_process]
)
def test_time_stands_still_while_a_process_works(
    backend: str, wait: Callable[[], Awaitable[None]]
) -> None:
    async def main() -> None:
        with anyio.fail_after(5):
            await wait()
        assert anyio.current_time() == 0.0

    run(backend, main)


def test_time_stands_still_while_asyncio_waits_for_the_end_of_a_process_alone() -> None:
    async def main() -> None:
        process = await asyncio.create_subprocess_exec(*PYTHON, stdout=subprocess.DEVNULL)
        assert await asyncio.wait_for(process.wait(), 5) == 0
        assert anyio.current_time() == 0.0

    run("asyncio", main)


@on_both
def test_time_moves_on_beside_a_process_that_waits(backend: str) -> None:
    async def main() -> None:
        wait = "input()"
        async with await anyio.open_process([sys.executable, "-c", wait]) as process:
            assert process.stdout is not None
            assert process.stdin is not None
            for _ in range(10):
                with anyio.move_on_after(3600):
                    await process.stdout.receive()
            assert anyio.current_time() == 36_000.0
            await process.stdin.send(b"\n")

    run(backend, main)


@on_both
def test_one_that_goes_on_for_ever_holds_time_for_a_while_once(backend: str) -> None:
    async def main() -> None:
        program = [sys.executable, "-c", "while True: pass"]
        async with await anyio.open_process(program) as process:
            assert process.stdout is not None
            for _ in range(10):
                with anyio.move_on_after(3600):
                    await process.stdout.receive()
            assert anyio.current_time() == 36_000.0
            process.kill()

    with mock.patch.object(alone, "SECONDS_OF_A_PROCESS", 0.1):
        run(backend, main)


def test_a_process_that_has_ended_has_no_place_of_its_own() -> None:
    process = subprocess.Popen(PYTHON, stdout=subprocess.DEVNULL)
    child = children.Child(process.pid)
    process.wait()
    assert child.place() == (process.pid, 0, 0)


@contextlib.contextmanager
def busy_child() -> Generator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.real_time
def test_one_holds_time_where_no_thread_is_beside_the_event_loop_and_longer_than_a_thread() -> None:
    beside = threads_beside_no_loop()
    with busy_child(), mock.patch.object(alone, "SECONDS_ALONE", 0.0):
        beside.alone.begin(())
        beside.alone.has_callers = False  # of other tests
        seconds = beside.hold(lambda: True)
        seconds_where_no_task_waits = beside.hold(bool)
    assert seconds
    assert seconds_where_no_task_waits is None


def test_a_process_is_the_same_each_time_it_is_looked_at() -> None:
    with busy_child() as process:
        first, second = children.children(), children.children()
    assert process.pid in [it.pid for it in first]
    assert all(one is other for one, other in zip(first, second, strict=True))
