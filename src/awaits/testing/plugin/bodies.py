"""The bodies of async tests, and how to replace them."""

import contextlib
import inspect
import unittest
from collections.abc import Callable, Coroutine, Generator
from types import CodeType
from typing import TypeAlias

import pytest

Body: TypeAlias = Callable[..., Coroutine[object, object, object]]
"""A coroutine function that is a test."""

HAS_PASSED = pytest.StashKey[bool]()
"""Whether a test has passed in its own order, and runs in others now."""


def has_async_body(test: pytest.Item) -> bool:
    """Tell whether a test is a coroutine function, or one of Hypothesis's with one inside."""
    if not isinstance(test, pytest.Function):
        return False
    hypothesis = getattr(test.obj, "hypothesis", None)
    return inspect.iscoroutinefunction(getattr(hypothesis, "inner_test", test.obj))


def code_of(body: Body) -> CodeType | None:
    """Return the code of a test's body, inside of its decorators."""
    code: object = getattr(inspect.unwrap(body), "__code__", None)
    return code if isinstance(code, CodeType) else None


def ends_the_run(error: BaseException) -> bool:
    """Tell whether an error, or one in its group, is Ctrl-C or the like: no test may catch it."""
    wanted = KeyboardInterrupt, SystemExit
    if isinstance(error, BaseExceptionGroup):
        return error.subgroup(wanted) is not None
    return isinstance(error, wanted)


@contextlib.contextmanager
def replaced_body(test: pytest.Function, replacement: Callable[[Body], Body]) -> Generator[bool]:
    """Replace a test's body while the block runs.

    Args:
        test: A test.
        replacement: Takes the body, and returns what to run instead.

    Returns:
        Whether the test is an async one. The others are left alone.
    """
    # For each example, Hypothesis calls what it keeps here for plugins that run async tests.
    hypothesis = getattr(test.obj, "hypothesis", None)
    if hypothesis is not None:
        holder, place = hypothesis, "inner_test"
    elif isinstance(test.instance, unittest.TestCase):
        holder, place = test.instance, test.originalname  # unittest looks there
    else:
        holder, place = test, "obj"
    body = getattr(holder, place)
    if not inspect.iscoroutinefunction(body):
        yield False
        return
    setattr(holder, place, replacement(body))
    try:
        yield True
    finally:
        # Hypothesis's function is the same for all parameters of a test.
        setattr(holder, place, body)
