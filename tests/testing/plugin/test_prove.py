"""`pytest --prove`: which event loop, of which plugin, ran the async tests."""

import re

import pytest

MIXED = """
    import asyncio, pytest, unittest
    from hypothesis import given, strategies as st

    @pytest.mark.anyio
    async def test_on_anyio(): pass

    @pytest.mark.anyio
    @given(st.integers())
    async def test_with_hypothesis(n): pass

    @pytest.mark.asyncio
    async def test_on_pytest_asyncio(): pass

    class TestCase(unittest.IsolatedAsyncioTestCase):
        async def test_of_unittest(self): pass

    def test_sync(): pass
"""


def proved(pytester: pytest.Pytester, tests: str, *args: str) -> list[str]:
    """What the summary says, without versions."""
    pytester.makepyfile(tests)
    result = pytester.runpytest("-p", "no:cacheprovider", "--prove", *args)
    begin = next(
        n for n, line in enumerate(result.outlines) if "which event loops ran the async" in line
    )
    lines = result.outlines[begin + 1 :]
    end = next(n for n, line in enumerate(lines) if line.startswith("="))
    return [re.sub(r" \d+\.[\d.]+", "", line) for line in lines[:end]]


def test_it_counts_the_tests_of_each_plugin_and_event_loop(pytester: pytest.Pytester) -> None:
    assert proved(pytester, MIXED) == [
        "anyio, on asyncio (Python): 2 tests",
        "anyio, on trio: 2 tests",
        "pytest-asyncio, on asyncio (Python): 1 test",
        "unittest, on asyncio (Python): 1 test",
    ]


def test_it_counts_what_workers_of_xdist_ran(pytester: pytest.Pytester) -> None:
    assert "pytest-asyncio, on asyncio (Python): 1 test" in proved(pytester, MIXED, "-n1")


def test_verbose_it_names_the_tests(pytester: pytest.Pytester) -> None:
    lines = proved(pytester, MIXED, "-v")
    at = lines.index("pytest-asyncio, on asyncio (Python): 1 test")
    assert lines[at + 1].endswith("::test_on_pytest_asyncio")


def test_a_test_that_another_plugin_took_is_named(pytester: pytest.Pytester) -> None:
    tests = """
        import pytest

        @pytest.mark.anyio
        async def test_taken(): pass
    """
    lines = proved(pytester, tests, "--asyncio-mode=auto")

    assert lines[0] == "pytest-asyncio, on asyncio (Python): 1 test"
    assert lines[1] == "pytest-asyncio, on asyncio (Python), though labelled trio: 1 test"
    assert lines[2].endswith("::test_taken[trio]")


def test_a_test_that_nothing_runs_is_named(pytester: pytest.Pytester) -> None:
    lines = proved(pytester, "async def test_forgotten(): pass")
    assert lines[0] == "no event loop: 1 test"
    assert lines[1].endswith("::test_forgotten")


def test_without_async_tests_it_says_so(pytester: pytest.Pytester) -> None:
    assert proved(pytester, "def test_sync(): pass") == ["No async test ran."]


def test_it_asks_for_no_version_while_a_test_runs(pytester: pytest.Pytester) -> None:
    tests = """
        import importlib.metadata, pytest

        @pytest.fixture(autouse=True)
        def files(monkeypatch):
            monkeypatch.delattr(importlib.metadata, "version")  # as if no file were there

        @pytest.mark.anyio
        async def test_it(): pass
    """
    assert "anyio, on trio: 1 test" in proved(pytester, tests)
