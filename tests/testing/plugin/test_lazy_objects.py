"""Objects that run code of the user's when they are asked for anything, such as lazy settings."""

import asyncio

import anyio
import pytest

from awaits.testing import DeadlockError, Schedule, virtual_time

LAZY = """
import anyio, pytest, socket

class Lazy:
    @property
    def __class__(self):
        raise RuntimeError("settings are not configured")

    def __getattr__(self, name):
        raise RuntimeError("settings are not configured")

settings = Lazy()
kept = []

@pytest.fixture(scope="module")
def anyio_backend():
    return "asyncio"

@pytest.fixture(scope="module")
def app():
    return {"user": Lazy()}
"""


def run(pytester: pytest.Pytester, tests: str, option: str) -> pytest.RunResult:
    pytester.makepyfile(LAZY + tests)
    return pytester.runpytest("-p", "no:cacheprovider", option)


class Lazy:
    def __getattr__(self, name: str) -> object:
        raise RuntimeError("settings are not configured")


async def waits_for_itself() -> None:
    lock, _settings = anyio.Semaphore(1), Lazy()
    async with lock:
        await lock.acquire()


async def waits_for_another() -> None:
    lock = anyio.Lock()

    async def task() -> None:
        _settings = Lazy()
        async with lock:
            await anyio.lowlevel.checkpoint()

    with Schedule({(2, 1): 1}):
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(task)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_deadlock_is_told_beside_one(backend: str) -> None:
    with pytest.raises(DeadlockError, match=r"waits at .*, for Semaphore 'lock'"):
        anyio.run(waits_for_itself, backend=backend, backend_options=virtual_time(backend))


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_schedule_runs_beside_one(backend: str) -> None:
    anyio.run(waits_for_another, backend=backend)


def test_the_name_of_what_holds_a_lock_is_not_asked_of_one() -> None:
    async def main() -> None:
        _settings, lock = Lazy(), asyncio.Lock()
        async with lock:
            await lock.acquire()

    with pytest.raises(DeadlockError, match="for Lock 'lock'"):
        anyio.run(main, backend_options=virtual_time("asyncio"))


def test_a_hint_on_clocks_does_not_ask_one(pytester: pytest.Pytester) -> None:
    tests = """
@pytest.mark.anyio
async def test_it():
    await anyio.sleep(1)
    assert settings is None

def test_after():
    pass
"""
    result = run(pytester, tests, "--virtual-time")
    result.assert_outcomes(failed=1, passed=1)


def test_what_a_fixture_owns_is_found_beside_one(pytester: pytest.Pytester) -> None:
    tests = """
@pytest.mark.anyio
async def test_it(app):
    kept.append(socket.socket())
"""
    result = run(pytester, tests, "--no-leftovers")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("The test leaves behind:")
