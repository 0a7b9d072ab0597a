"""A run in which nothing can ever run again ends, and tells who waits and where."""

import asyncio
import contextlib
import inspect
import re
import signal
import socket
import subprocess
import sys
import types
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from pathlib import Path
from unittest import mock

import anyio
import pytest

from awaits.testing import DeadlockError, VirtualClock, virtual_time
from awaits.testing.deadlock import frames_of, stack

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


def in_another_process(code: str, *files: socket.socket) -> "subprocess.Popen[bytes]":
    """Run some code in a process that has these files: no thread of this one can wake a task."""
    code = f"import os, signal, time; time.sleep(0.2); {code}"
    fds = [file.fileno() for file in files]
    return subprocess.Popen([sys.executable, "-c", code], pass_fds=fds)


async def nothing() -> AsyncGenerator[None]:
    await anyio.Event().wait()
    yield


async def in_a_loop() -> None:
    async for _ in nothing():
        pass


async def for_one_item() -> None:
    await anext(nothing(), None)


async def for_an_object() -> None:
    async def waits() -> None:
        await anyio.Event().wait()

    class Waits:
        def __await__(self) -> Generator[object, None, None]:
            return waits().__await__()

    await Waits()


class TestDeadlock:
    """These look at whole runs from outside, so they are in real time themselves."""

    pytestmark = pytest.mark.real_time

    @staticmethod
    async def waits_for_itself() -> None:
        event = anyio.Event()

        async def never() -> None:
            await event.wait()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(never)
            tasks.start_soon(anyio.sleep_forever)
            await anyio.sleep(3)

    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_it_is_an_error_that_lists_who_waits_and_where(self, backend: str) -> None:
        with pytest.raises(DeadlockError) as raised:
            anyio.run(self.waits_for_itself, backend=backend, backend_options=virtual_time(backend))

        code = TestDeadlock.waits_for_itself.__code__
        never = next(it for it in code.co_consts if hasattr(it, "co_name"))
        told = str(raised.value)
        main, first, second = told.splitlines()[1:]
        assert told.startswith("At 3.0 s, nothing can ever run again:\n")
        # Where a task group waits: at its first line, or its last one, as Python has it.
        assert main.startswith("  the main task waits at tests/testing/test_deadlock.py:")
        assert main.endswith(", in TestDeadlock.waits_for_itself, for the end of tasks 1 and 2")
        assert first == (
            f"  task 1, never, waits at tests/testing/test_deadlock.py:{never.co_firstlineno + 1}, "
            "in TestDeadlock.waits_for_itself.<locals>.never, for Event 'event' to be set"
        )
        assert second.startswith("  task 2, sleep_forever, waits")

    def test_it_is_told_in_a_working_directory_that_is_gone(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = tmp_path / "gone"
        folder.mkdir()
        monkeypatch.chdir(folder)
        folder.rmdir()

        async def wait() -> None:
            await anyio.Event().wait()

        with pytest.raises(DeadlockError, match=f"the main task waits at {re.escape(__file__)}:"):
            anyio.run(wait, backend_options=virtual_time("asyncio"))

    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    @pytest.mark.parametrize("wait", [in_a_loop, for_one_item, for_an_object])
    def test_what_is_awaited_within_an_awaitable_of_any_kind_is_told(
        self, backend: str, wait: Callable[[], Awaitable[None]]
    ) -> None:
        with pytest.raises(DeadlockError, match=r"(nothing|waits), for an Event to be set$"):
            anyio.run(wait, backend=backend, backend_options=virtual_time(backend))

    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_time_that_is_held_and_that_nobody_moves_is_one(self, backend: str) -> None:
        clock = VirtualClock()

        async def main() -> None:
            clock.hold()
            with anyio.move_on_after(10) as scope:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(clock.advance, 5)
                    await clock.advance(2)
                    scope.cancel()  # and with it the longer advance
            await anyio.sleep(1)

        with pytest.raises(DeadlockError, match=r"^At 2\.0 s"):
            anyio.run(main, backend=backend, backend_options=virtual_time(backend, clock))

    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_clean_up_runs_and_may_deadlock_again(self, backend: str) -> None:
        cleaned_up: list[str] = []

        async def main() -> None:
            try:
                await anyio.Event().wait()
            finally:
                with anyio.CancelScope(shield=True):
                    await anyio.sleep(5)
                    cleaned_up.append("slept")
                    await anyio.Event().wait()

        with pytest.raises(DeadlockError, match=r"^At 5\.0 s"):
            anyio.run(main, backend=backend, backend_options=virtual_time(backend))
        assert cleaned_up == ["slept"]

    @pytest.mark.virtual_time
    async def test_one_who_waits_for_a_socket_is_not_deadlocked(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs, in_another_process(f"os.write({theirs.fileno()}, b'hello')", theirs):
            async with await anyio.abc.SocketStream.from_socket(ours) as stream:
                assert await stream.receive() == b"hello"

    @pytest.mark.virtual_time
    async def test_one_who_waits_for_a_signal_is_not_deadlocked(self) -> None:
        with (
            anyio.open_signal_receiver(signal.SIGUSR1) as signals,
            in_another_process("os.kill(os.getppid(), signal.SIGUSR1)"),
        ):
            async for received in signals:
                assert received == signal.SIGUSR1
                break

    @pytest.mark.virtual_time
    async def test_one_who_waits_for_a_process_is_not_deadlocked(self) -> None:
        command = [sys.executable, "-c", "import time; time.sleep(0.02)"]
        async with await anyio.open_process(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            assert await process.wait() == 0


@pytest.mark.real_time
@pytest.mark.parametrize("error", [None, ValueError("The reader is closed.")])
def test_one_whose_cancellation_the_program_swallows_is_raised_at_the_end(
    error: ValueError | None,
) -> None:
    async def main() -> None:
        closes = asyncio.create_task(anyio.sleep_forever())
        with contextlib.suppress(asyncio.CancelledError):
            await closes
        if error is not None:
            raise error

    with pytest.raises(DeadlockError) as raised:
        anyio.run(main, backend="asyncio", backend_options=virtual_time("asyncio"))
    assert raised.value.__cause__ is error


@pytest.mark.real_time
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("error", [None, ValueError("The reader is closed.")])
def test_one_that_the_program_catches_is_raised_at_the_end(
    backend: str, error: ValueError | None
) -> None:
    async def main() -> None:
        try:
            await anyio.Event().wait()
        except (Exception, asyncio.CancelledError):  # noqa: ASYNC103, BLE001 as some programs do
            if error is not None:
                raise error from None

    with pytest.raises(DeadlockError) as raised:
        anyio.run(main, backend=backend, backend_options=virtual_time(backend))
    assert raised.value.__cause__ is error


@pytest.mark.real_time
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_one_that_the_program_catches_does_not_hide_ctrl_c(backend: str) -> None:
    async def main() -> None:
        try:
            await anyio.Event().wait()
        except (Exception, asyncio.CancelledError):  # noqa: ASYNC103, BLE001 as above
            raise KeyboardInterrupt from None

    with pytest.raises(KeyboardInterrupt):
        anyio.run(main, backend=backend, backend_options=virtual_time(backend))


@pytest.mark.real_time
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_it_comes_by_itself_out_of_task_groups(backend: str) -> None:
    async def main() -> None:
        async with anyio.create_task_group() as outer, anyio.create_task_group() as inner:
            inner.start_soon(anyio.sleep_forever)
            outer.start_soon(anyio.sleep_forever)

    with pytest.raises(DeadlockError) as raised:
        anyio.run(main, backend=backend, backend_options=virtual_time(backend))
    assert raised.value.__cause__ is None


@pytest.mark.real_time
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_its_time_is_told_as_people_write_it(backend: str) -> None:
    async def main() -> None:
        await anyio.sleep(0.1 + 0.2)
        await anyio.Event().wait()

    with pytest.raises(DeadlockError, match=r"^At 0\.3 s, nothing"):
        anyio.run(main, backend=backend, backend_options=virtual_time(backend))


@pytest.mark.real_time
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_task_under_a_patch_is_called_by_its_own_name(backend: str) -> None:
    @mock.patch("socket.gethostname")
    async def waits(_: object) -> None:
        await anyio.Event().wait()

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(waits)

    with pytest.raises(DeadlockError) as raised:
        anyio.run(main, backend=backend, backend_options=virtual_time(backend))
    assert "\n  task 1, waits, waits at tests/" in str(raised.value)


@pytest.mark.real_time
def test_a_coroutine_that_runs_is_not_asked_what_it_awaits() -> None:
    class Runs:
        cr_frame = inspect.currentframe()

        @property
        def cr_await(self) -> object:
            raise AssertionError("this may crash the process")

    assert list(frames_of(Runs())) == [Runs.cr_frame]


@pytest.mark.real_time
def test_generators_of_the_users_that_a_coroutine_awaits_are_a_part_of_where_it_stands() -> None:
    def inner() -> Generator[None]:
        yield

    @types.coroutine
    def outer() -> Generator[None]:
        yield from inner()

    @types.coroutine
    def alone() -> Generator[None]:
        yield

    async def main() -> None:
        await outer()
        await alone()

    coroutine = main()
    for names in (["main", "outer", "inner"], ["main", "alone"]):
        coroutine.send(None)
        assert [code.co_name for code, _ in stack(coroutine)] == names
    coroutine.close()
