"""Who must close something when a test is cancelled: the test, or the program that it tests?

A test that is cancelled in the middle seldom closes what it has made, and need not. But the program
must close what it has made as long as the test's call of it has not returned. It must also do so in
a `with` block that the test has opened: there the program learns of the cancellation.
"""

import ast
import functools
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, TracebackType
from typing import NamedTuple, TypeVar

from awaits.testing.deadlock import Place
from awaits.testing.leftovers.places import (
    Origin,
    Stand,
    is_inside,
    is_of_the_project,
    is_the_users,
)
from awaits.testing.leftovers.watch import Leftover, Watch

# What a test writes to say that it counts on an error, or on a cancellation.
CATCHES = re.compile("suppress|raises|move_on|fail_a|timeout|scope|skip", re.IGNORECASE)

Node = TypeVar("Node", bound=ast.stmt | ast.expr)

# A list comprehension is a function of its own up to Python 3.11, and a part of another's since.
LOOPS = (
    *(ast.For, ast.AsyncFor, ast.While),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)


class Span(NamedTuple):
    """A part of a file, from one line and column to another."""

    start: tuple[int, int]
    end: tuple[int, int]

    def has(self, other: "Span") -> bool:
        """Tell whether the other one is a part of this one."""
        return self.start <= other.start and other.end <= self.end


def is_the_programs(left: Leftover, body: CodeType | None, watch: Watch, *, is_again: bool) -> bool:
    """Tell whether the program should have closed what is left.

    Args:
        left: What is left.
        body: The test's function.
        watch: Has run the test, and knows where it was cancelled.
        is_again: Whether the test was at this place before, in an earlier turn of its own loop.
    """
    origin = left.origin
    if body is None or not origin.stands:
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


def own_stands(body: CodeType | None, watch: Watch) -> list[Stand]:
    """Return where a test was cancelled: its body first, and then the functions in it."""
    if body is None:
        return []
    return [it for it in watch.stands if it.code is body or is_inside(it.code, body)]


def _is_its_call_on(origin: Origin, body: CodeType, watch: Watch, *, is_again: bool) -> bool:
    """Tell whether the test's call that made something, or its `with` block, was still open."""
    stood = own_stands(body, watch)
    if not stood:
        return False
    is_the_same = [it.code for it in origin.stands] == [it.code for it in stood] and all(
        map(_is_in_call, origin.stands, stood)
    )
    if is_the_same and not is_again:  # in a loop, an earlier call may have returned it
        return True
    return _is_in_with(body, _span(origin.stands[-1]), _span(stood[-1]))


def _is_in_call(made: Stand, stood: Stand) -> bool:
    """Tell whether something was made by what a function awaits now.

    In `await connect()`, the call itself may make it, before anything is awaited. Unlike a call
    among its arguments, it ends where the whole ends.
    """
    call, whole = _span(made), _span(stood)
    return whole.has(call) and call.end == whole.end


def comes_from(error: BaseException, body: CodeType) -> bool:
    """Tell whether a cancelled test has caused an error itself.

    Args:
        error: What was raised.
        body: The test's function.
    """
    frames = [it.tb_frame for it in _tracebacks(error.__traceback__) if is_the_users(it.tb_frame)]
    # A check may be one of pytest's, such as `excinfo.match`.
    users = [it for it in frames if not str(it.f_globals.get("__name__")).startswith("_pytest.")]
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


def swallows(watch: Watch, body: CodeType | None) -> str | None:
    """Return where a test was cancelled that did not end for it, if the program has caught that.

    Args:
        watch: Has run the test, and knows where it was cancelled.
        body: The test's function.
    """
    own = own_stands(body, watch)
    if not own or any(map(_catches, own)):
        return None
    called = watch.stands[watch.stands.index(own[-1]) + 1 :]
    programs = [it for it in called if is_of_the_project(it.code)]
    return str(Place(programs[-1].code, programs[-1].code, programs[-1].line)) if programs else None


def _catches(stand: Stand) -> bool:
    """Tell whether a function may catch an error where it stands, by a `try` or a `with`."""
    stood = _span(stand)
    for node in _nodes(stand.code.co_filename, ast.Try, ast.TryStar):
        if node.handlers and any(_span_of(it).has(stood) for it in node.body):
            return True
    return any(
        CATCHES.search(ast.unparse(it.context_expr)) is not None
        for node in _nodes(stand.code.co_filename, ast.With, ast.AsyncWith)
        if _span_of(node).has(stood)
        for it in node.items
    )


def is_in_loop(body: CodeType, line: int) -> bool:
    """Tell whether a line of a test's function is inside one of its loops or comprehensions."""
    return any(
        body.co_firstlineno <= node.lineno <= line <= (node.end_lineno or 0)
        for node in _nodes(body.co_filename, *LOOPS)
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


def _is_in_with(body: CodeType, made: Span, stood: Span) -> bool:
    """Tell whether a test stood in a `with` block whose context manager had been made before.

    Args:
        body: The test's function.
        made: Where it had called what made something.
        stood: Where it stood.
    """
    for node in _nodes(body.co_filename, ast.With, ast.AsyncWith):
        whole = _span_of(node)
        if not whole.has(stood):
            continue
        for manager in (_span_of(it.context_expr) for it in node.items):
            # Python enters and leaves a block at the whole of it; since 3.13, at its manager.
            if made in (whole, manager):
                return True
            # What an earlier call has returned is the manager's once the block is entered.
            if manager.has(made) and stood != whole and not manager.has(stood):
                return True
    return False


def _span(stand: Stand) -> Span:
    """Return what a function calls or awaits; a whole line if Python was told to keep no more."""
    positions = itertools.islice(stand.code.co_positions(), stand.instruction // 2, None)
    line, end_line, column, end_column = next(positions)
    if line is None or end_line is None or column is None or end_column is None:
        return Span((stand.line, 0), (stand.line, 0))
    return Span((line, column), (end_line, end_column))


def _span_of(node: ast.stmt | ast.expr) -> Span:
    return Span((node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0))


@functools.cache
def _nodes(path: str, *kinds: type[Node]) -> list[Node]:
    """Return all nodes of some kinds in a Python file."""
    try:
        tree = ast.parse(Path(path).read_bytes())
    except (OSError, SyntaxError):
        return []
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]
