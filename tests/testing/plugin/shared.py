"""What tests of the plugin share: small projects, and how they are run."""

from collections.abc import Callable
from typing import TypeAlias

import pytest

Apart: TypeAlias = Callable[..., pytest.RunResult]
"""What the fixture `apart` returns: runs pytest with some arguments, in a process of its own."""

TESTS_ON_ANYIO = """
    import pytest
    from hypothesis import given, strategies as st
    from awaits.testing.backends import name_of, running

    pytestmark = pytest.mark.anyio

    async def test_plain(anyio_backend):
        assert running() == name_of(anyio_backend)

    @given(st.integers())
    async def test_hypothesis(anyio_backend, n):
        assert running() == name_of(anyio_backend)

    class TestClass:
        async def test_method(self, anyio_backend_name):
            assert running().startswith(anyio_backend_name)
"""

BLIND_TEST = """
    import pytest

    @pytest.mark.anyio
    async def test_blind():
        pass
"""

HEAD = """
    import anyio, pytest, time
    from hypothesis import given, strategies as st
    from awaits.testing import VirtualClock
    from awaits.testing.backends import running
    pytestmark = pytest.mark.anyio
"""

HOUR = """
    async def test_hour():
        before = anyio.current_time()
        await anyio.sleep(3600)
        assert (before, anyio.current_time()) == (0.0, 3600.0)
"""


def names(result: pytest.RunResult, outcome: str = "PASSED") -> list[str]:
    """The tests with this outcome, in the order they ran, without their file's name."""
    lines = [line.split() for line in result.outlines if f" {outcome}" in line and "::" in line]
    return [line[0].partition("::")[2] for line in lines]


def run(pytester: pytest.Pytester, *args: str) -> pytest.RunResult:
    return pytester.runpytest("-v", "-p", "no:cacheprovider", *args)


def run_tests(pytester: pytest.Pytester, tests: str, *args: str) -> pytest.RunResult:
    """Run tests that follow the imports of HEAD."""
    pytester.makepyfile(HEAD + tests)
    return pytester.runpytest("-p", "no:cacheprovider", "--strict-markers", *args)


# How tests that are explored begin: `in_turns` tells in which order tasks took two steps each.
EXPLORED_HEAD = """
    import anyio, pytest
    from awaits.testing import Schedule
    pytestmark = pytest.mark.anyio

    @pytest.fixture(scope="module")
    def anyio_backend():
        return "asyncio"

    async def in_turns(*names):
        order = []

        async def work(name):
            for _ in range(2):
                await anyio.lowlevel.checkpoint()
                order.append(name)

        async with anyio.create_task_group() as tasks:
            for name in names:
                tasks.start_soon(work, name)
        return "".join(order)
"""

# It passes in the loop's own order, which is "abab".
RACE = """
    async def test_race():
        assert await in_turns("a", "b") != "bbaa"
"""

FINE = """
    async def test_fine():
        await in_turns("a", "b")
"""


def explore(pytester: pytest.Pytester, tests: str, *args: str) -> pytest.RunResult:
    """Run tests that follow the imports of EXPLORED_HEAD, in 20 orders unless it is said."""
    pytester.makepyfile(EXPLORED_HEAD + tests)
    if not any(arg.startswith(("--explore=", "explore=")) for arg in args):
        args = ("--explore=20", *args)
    return pytester.runpytest("--strict-markers", *args)


FORGETFUL = """
    import anyio, socket

    async def forgets():
        mine = socket.socket()
        await anyio.sleep(1)
        mine.close()

    async def closes():
        with socket.socket():
            await anyio.sleep(1)
"""
"""A call that leaves a socket behind where it is cancelled, and one that closes it."""


def summary(result: pytest.RunResult) -> str:
    """The line that says what was explored."""
    return next(line for line in result.outlines if line.startswith("explored: "))
