"""In whose hands something is when a test is cancelled: the test's, or the program's?

A test seldom closes what it has made when it is cancelled in the middle, and need not. What the
program makes is its own until the call returns, and again in a `with` block: there the program is
told, and must close.
"""

import ast
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, TracebackType
from typing import TypeVar

from awaits.testing.leftovers.places import is_the_users
from awaits.testing.leftovers.watch import Leftover

Node = TypeVar("Node", bound=ast.stmt)


def is_the_programs(
    left: Leftover,
    body: CodeType | None,
    line: int,
    was_open: Callable[[object], bool],
    *,
    is_again: bool,
) -> bool:
    """Tell whether what is left was the program's to close.

    Args:
        left: What is left.
        body: The test's function.
        line: Where it was cancelled.
        was_open: Tells whether a task had not ended when the test did.
        is_again: Whether the test was there before, in an earlier turn of a loop of its own.
    """
    origin = left.origin
    if body is None or not origin.line:
        return False
    if origin.maker is None:  # the test's function has made it, or what it called
        if origin.place is not None and _is_inside(origin.place.code, body):
            return False  # a function in the test has
        is_here = origin.line == line and not is_again  # an earlier call may have returned it
        return is_here or _is_in_with(body, origin.line, line)
    # A task of the program's has made it, and has ended: nobody else could close it.
    is_the_tests_task = origin.root is not None and origin.root.co_filename == body.co_filename
    maker = origin.maker()
    return not is_the_tests_task and (maker is None or not was_open(maker))


def line_in(body: CodeType | None, error: BaseException) -> int:
    """Return where a function stood when an error came through it; 0 if none did."""
    for traceback in _tracebacks(error.__traceback__):
        if traceback.tb_frame.f_code is body:
            return traceback.tb_lineno
    return 0


def comes_from(error: BaseException, body: CodeType) -> bool:
    """Tell whether a test, which was cut off, has brought an error about itself.

    Args:
        error: What was raised.
        body: The test's function.
    """
    tracebacks = list(_tracebacks(error.__traceback__))
    for traceback in tracebacks:
        if traceback.tb_frame.f_code is body and _expects(body, traceback.tb_lineno):
            return True
    users = [it.tb_frame for it in tracebacks if is_the_users(it.tb_frame)]
    where = users[-1].f_code if users else None
    if where is None or where.co_filename != body.co_filename:
        return False
    is_the_tests = where is body or _is_inside(where, body)
    return is_the_tests or isinstance(error, AssertionError)


def stack_of(error: BaseException) -> tuple[tuple[CodeType, int], ...]:
    """Return the lines that an error came through."""
    found = _tracebacks(error.__traceback__)
    return tuple((it.tb_frame.f_code, it.tb_lineno) for it in found)


def is_in_loop(body: CodeType | None, line: int) -> bool:
    """Tell whether a line of a test's function stands in a loop of it."""
    return body is not None and any(
        body.co_firstlineno <= node.lineno <= line <= (node.end_lineno or 0)
        for node in _nodes(body.co_filename, ast.For, ast.AsyncFor, ast.While)
    )


def _is_inside(code: CodeType, body: CodeType) -> bool:
    """Tell whether a function stands in a test's."""
    is_nested = code.co_qualname.startswith(f"{body.co_qualname}.<locals>.")
    return is_nested and code.co_filename == body.co_filename


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
    """Tell whether a `with` whose first line is one of these stands around the other."""
    return any(
        any(
            it.context_expr.lineno <= made <= (it.context_expr.end_lineno or 0) for it in node.items
        )
        and node.lineno <= line <= (node.end_lineno or 0)
        for node in _nodes(body.co_filename, ast.With, ast.AsyncWith)
    )


@functools.cache
def _nodes(path: str, *kinds: type[Node]) -> list[Node]:
    """Return what there is of some kinds in a file of Python."""
    try:
        tree = ast.parse(Path(path).read_bytes())
    except (OSError, SyntaxError):
        return []
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]
