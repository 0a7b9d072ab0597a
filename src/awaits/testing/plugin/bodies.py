"""The bodies of async tests, and how to take their place."""

import inspect
from collections.abc import Callable, Coroutine
from types import CodeType
from typing import TypeAlias

import pytest

Body: TypeAlias = Callable[..., Coroutine[object, object, object]]
"""A coroutine function that is a test."""


def has_async_body(test: pytest.Item) -> bool:
    """Tell whether a test is a coroutine function; one of Hypothesis's may have one inside."""
    if not isinstance(test, pytest.Function):
        return False
    hypothesis = getattr(test.obj, "hypothesis", None)
    return inspect.iscoroutinefunction(getattr(hypothesis, "inner_test", test.obj))


def code_of(body: Body) -> CodeType | None:
    """Return the code of a test's body, inside of its decorators."""
    code: object = getattr(inspect.unwrap(body), "__code__", None)
    return code if isinstance(code, CodeType) else None


def replace_body(test: pytest.Function, replacement: Callable[[Body], Body]) -> bool:
    """Put something in the place of a test's body.

    Args:
        test: A test.
        replacement: Is given the body, and returns what to run instead.

    Returns:
        Whether the test is an async one. The others are left alone, and so is one of Hypothesis's
        that ran before: anyio keeps a function of its own there, with the replacement inside.
    """
    # Hypothesis calls, for each example, what it keeps here for those who run async tests.
    hypothesis = getattr(test.obj, "hypothesis", None)
    holder, place = (test, "obj") if hypothesis is None else (hypothesis, "inner_test")
    body = getattr(holder, place)
    if not inspect.iscoroutinefunction(body):
        return False
    setattr(holder, place, replacement(body))
    return True
