"""Who must close something when a test is cancelled: the test, or the program that it tests?

A test that is cancelled in the middle seldom closes what it has made, and need not. But the program
must close what it has made as long as the test's call of it has not returned. It must also do so in
a `with` block that the test has opened: there the program learns of the cancellation.
"""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, TracebackType
from typing import TypeVar

from awaits.testing.leftovers.places import Origin, is_inside, is_the_users
from awaits.testing.leftovers.watch import Leftover, Watch

Node = TypeVar("Node", bound=ast.stmt)


def is_the_programs(left: Leftover, body: CodeType | None, watch: Watch, *, is_again: bool) -> bool:
    """Tell whether the program should have closed what is left.

    Args:
        left: What is left.
        body: The test's function.
        watch: Has run the test, and knows where it was cancelled.
        is_again: Whether the test was at this place before, in an earlier turn of its own loop.
    """
    origin = left.origin
    if body is None or origin.function is None:
        return False
    if origin.maker is None:  # made by the test, or by a function that it called
        if origin.is_direct or origin.is_of_a_plugin:
            return False
        return _is_its_call_on(origin, body, watch, is_again=is_again)
    if origin.root is not None and origin.root.co_filename == body.co_filename:
        return False  # a task of the test's
    return watch.was_cut_off(origin.maker) or _is_its_call_on(
        origin, body, watch, is_again=is_again
    )


def line_in(body: CodeType | None, watch: Watch) -> tuple[CodeType, int] | None:
    """Return where a test was cancelled: in which function, its body or one in it, and the line."""
    if body is None:
        return None
    own = [it for it in watch.stands if it[0] is body or is_inside(it[0], body)]
    return own[-1] if own else None


def _is_its_call_on(origin: Origin, body: CodeType, watch: Watch, *, is_again: bool) -> bool:
    """Tell whether the test's call that made something, or its `with` block, was still open."""
    stood = line_in(body, watch)
    if stood is None:
        return False
    if stood == (origin.function, origin.line) and not is_again:
        return True  # in a loop, an earlier call may have returned it
    return _is_in_with(body, origin.line, stood[1])


def comes_from(error: BaseException, body: CodeType) -> bool:
    """Tell whether a cancelled test has caused an error itself.

    Args:
        error: What was raised.
        body: The test's function.
    """
    tracebacks = _tracebacks(error.__traceback__)
    users = [it.tb_frame for it in tracebacks if is_the_users(it.tb_frame)]
    where = users[-1].f_code if users else None
    if where is None or where.co_filename != body.co_filename:
        return False
    is_the_tests = where is body or is_inside(where, body)
    return is_the_tests or isinstance(error, AssertionError)


def is_expected(error: BaseException, body: CodeType) -> bool:
    """Tell whether an error has passed a `with pytest.raises(...)` in a test.

    Args:
        error: What was raised; of a group, only the group itself is looked at.
        body: The test's function.
    """
    return any(
        it.tb_frame.f_code is body and _expects(body, it.tb_lineno)
        for it in _tracebacks(error.__traceback__)
    )


def is_in_loop(body: CodeType, line: int) -> bool:
    """Tell whether a line of a test's function is inside one of its loops."""
    return any(
        body.co_firstlineno <= node.lineno <= line <= (node.end_lineno or 0)
        for node in _nodes(body.co_filename, ast.For, ast.AsyncFor, ast.While)
    )


def _expects(body: CodeType, line: int) -> bool:
    """Tell whether a test expects an error at a line: in a `with pytest.raises(...)`."""
    return any(
        "raises" in ast.unparse(it.context_expr).lower()
        for node in _nodes(body.co_filename, ast.With, ast.AsyncWith)
        if node.lineno <= line <= (node.end_lineno or 0)
        for it in node.items
    )


def _tracebacks(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _is_in_with(body: CodeType, made: int, line: int) -> bool:
    """Tell whether a line is in a `with` block that was opened at the line `made`."""
    return any(
        any(
            it.context_expr.lineno <= made <= (it.context_expr.end_lineno or 0) for it in node.items
        )
        and node.lineno <= line <= (node.end_lineno or 0)
        for node in _nodes(body.co_filename, ast.With, ast.AsyncWith)
    )


@functools.cache
def _nodes(path: str, *kinds: type[Node]) -> list[Node]:
    """Return all nodes of some kinds in a Python file."""
    try:
        tree = ast.parse(Path(path).read_bytes())
    except (OSError, SyntaxError):
        return []
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]
