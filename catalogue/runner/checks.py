"""The checks: tools that read a program, tools that watch a test, and kinds of test."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["static", "watching", "test"]


@dataclass(frozen=True)
class Check:
    """A check: a column of the table."""

    id: str
    title: str
    kind: Kind
    told: str
    """How it is done, in a sentence."""
    test: str = ""
    """The test that it runs; none for what only reads a program."""
    options: tuple[str, ...] = ()
    """What pytest is given, besides the test and its program."""
    backend: str = ""
    """The event loop; the first of the bug's own if it is not said."""
    reports_with: tuple[str, ...] = ()
    """The errors that it raises; without them, each failure counts."""
    distribution: str = ""
    """The distribution of PyPI whose version counts."""


CHECKS = (
    Check("mypy", "mypy --strict", "static", "`mypy --strict`", distribution="mypy"),
    Check(
        "mypy-codes",
        "mypy, more codes",
        "static",
        "mypy with the optional error codes of this repository's `pyproject.toml`",
        distribution="mypy",
    ),
    Check(
        "basedpyright",
        "basedpyright",
        "static",
        "basedpyright in its strict mode",
        distribution="basedpyright",
    ),
    Check("pyright", "pyright", "static", "pyright in its strict mode", distribution="pyright"),
    Check("ty", "ty", "static", "`ty check`", distribution="ty"),
    Check("pyrefly", "pyrefly", "static", "`pyrefly check`", distribution="pyrefly"),
    Check(
        "ruff-async", "ruff, ASYNC", "static", "`ruff check --select ASYNC`", distribution="ruff"
    ),
    Check(
        "ruff",
        "ruff, all",
        "static",
        "`ruff check` with the rules of this repository's `pyproject.toml`",
        distribution="ruff",
    ),
    Check(
        "flake8-async",
        "flake8-async",
        "static",
        "flake8-async with the rules that are on by default",
        distribution="flake8-async",
    ),
    Check("pylint", "pylint", "static", "pylint's errors and warnings", distribution="pylint"),
    Check(
        "warnings",
        "warnings as errors",
        "watching",
        "the test that waits, under `-W error`",
        test="test_waiting",
        options=("-W", "error"),
        reports_with=("Warning",),
        distribution="pytest",
    ),
    Check(
        "debug",
        "asyncio's debug mode",
        "watching",
        "the test that waits, in asyncio's debug mode; what asyncio logs is a failure",
        test="test_waiting",
        options=("--attach=debug",),
        backend="asyncio",
        reports_with=("AsyncioLoggedError",),
    ),
    Check(
        "blockbuster",
        "blockbuster",
        "watching",
        "the test that waits, under blockbuster",
        test="test_waiting",
        options=("--attach=blockbuster",),
        backend="asyncio",
        reports_with=("BlockingError",),
        distribution="blockbuster",
    ),
    Check(
        "pyleak",
        "pyleak",
        "watching",
        "the test that waits, under pyleak's `no_leaks`, for tasks and blocking",
        test="test_waiting",
        options=("--attach=pyleak",),
        backend="asyncio",
        reports_with=("PyleakExceptionGroup",),
        distribution="pyleak",
    ),
    Check("waiting", "a test that waits", "test", "a test in real time", test="test_waiting"),
    Check(
        "patched",
        "patched sleep",
        "test",
        "a test with the sleep, or the call, replaced by a mock",
        test="test_patched",
    ),
    Check(
        "property",
        "properties",
        "test",
        "a test of Hypothesis, for any values",
        test="test_property",
        distribution="hypothesis",
    ),
    Check("virtual", "virtual time", "test", "a test in virtual time", test="test_virtual_time"),
    Check(
        "explored",
        "explored order",
        "test",
        "a test in many orders of its tasks",
        test="test_explored_order",
    ),
    Check(
        "cancelled",
        "injected cancellation",
        "test",
        "a test that is cancelled at each of its awaits",
        test="test_cancelled_anywhere",
    ),
    Check(
        "second",
        "second event loop",
        "test",
        "the test that waits, ten times on trio, whose order varies; reported if it fails there"
        " and passes on asyncio",
        test="test_waiting",
        options=("--times=10", "-x"),
        backend="trio",
    ),
)

BY_ID = {check.id: check for check in CHECKS}
