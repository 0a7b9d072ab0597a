"""Finds the code in a failed test that reads real clocks, which virtual time does not move."""

import dis
import functools
import time
import traceback
from collections.abc import Iterator
from datetime import date, datetime
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, ModuleType
from typing import cast

from awaits.testing.leftovers.places import file_and_line, is_of_the_project, is_the_users
from awaits.testing.loops.standing import MOST_NAMED


def _clocks(owner: type | ModuleType, *names: str) -> dict[object, str]:
    return {getattr(owner, name): f"{owner.__name__}.{name}" for name in names}


_WALL = {
    **_clocks(time, "time", "time_ns"),
    **_clocks(datetime, "now", "utcnow", "today"),
    **_clocks(date, "today"),
}
_STEADY = _clocks(time, "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns")
_PARTS = {part for name in (*_WALL.values(), *_STEADY.values()) for part in name.split(".")}

_ADVICE = {
    "wall": "--virtual-time-wall, or @pytest.mark.virtual_time(wall=True), moves the wall clock "
    "along.",
    "steady": "anyio.current_time() measures virtual time; or mark the test real_time.",
}

_Functions = dict[CodeType, dict[str, object]]  # with their global names


def hint(error: BaseException, now: float, *, has_wall: bool) -> str | None:
    """Return a hint for a failure, if code of the project reads a real clock.

    It looks at the functions in the traceback, at those that they name, and at the classes of their
    local values.

    Args:
        error: What a test raised.
        now: The virtual time when it did, in seconds.
        has_wall: Whether the wall clock moves along.
    """
    functions: _Functions = {}
    for frame in _frames(error):
        if is_the_users(frame):
            _add_those_of(frame, functions)
    lines: dict[str, None] = {}
    advice: set[str] = set()
    for code, names in functions.items():
        for value in _named(code, names):
            if not isinstance(value, BuiltinFunctionType):
                continue
            # Where time has not moved, only a clock that begins elsewhere can make a difference.
            name = _STEADY.get(value) or (None if has_wall or not now else _WALL.get(value))
            if name is not None:
                place = file_and_line(code.co_filename, code.co_firstlineno)
                lines[f"  {code.co_qualname}, {place}, reads {name}()"] = None
                advice.add("steady" if value in _STEADY else "wall")
    if not lines:
        return None
    moved = f"Time moved to {now:g} s, but not on the computer's own clocks:"
    if not now:
        moved = "Time began at 0 s, but not on the computer's own clocks:"
    more = [f"  and {len(lines) - MOST_NAMED} more"] if len(lines) > MOST_NAMED else []
    advised = (_ADVICE[it] for it in sorted(advice, reverse=True))
    return "\n".join([moved, *list(lines)[:MOST_NAMED], *more, *advised])


def _frames(error: BaseException) -> Iterator[FrameType]:
    """Yield the frames of an error, and of those in its group."""
    yield from (frame for frame, _ in traceback.walk_tb(error.__traceback__))
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _frames(each)


def _add_those_of(frame: FrameType, functions: _Functions) -> None:
    own: _Functions = {}
    _add(frame.f_code, frame.f_globals, own)
    functions.update(own)
    named = [it for code in own for it in _named(code, frame.f_globals)]
    for value in [*named, *map(type, frame.f_locals.values())]:
        if isinstance(value, FunctionType):
            _add(value.__code__, value.__globals__, functions)
        elif isinstance(value, type):
            for member in [it for kind in value.__mro__ for it in vars(kind).values()]:
                method = _function_of(member)
                # The other tests in a test's class have nothing to do with it.
                if isinstance(method, FunctionType) and not method.__name__.startswith("test"):
                    _add(method.__code__, method.__globals__, functions)


def _function_of(member: object) -> object:
    """Return the function that a property or the like calls; any other member as it is."""
    match member:
        case property():
            return member.fget
        case classmethod() | staticmethod():
            return cast("object", member.__func__)
        case functools.cached_property():
            return cast("object", member.func)
        case _:
            return member


def _add(code: CodeType, names: dict[str, object], functions: _Functions) -> None:
    if is_of_the_project(code):
        functions[code] = names
        for inner in code.co_consts:
            if isinstance(inner, CodeType):
                _add(inner, names, functions)


def _named(code: CodeType, names: dict[str, object]) -> Iterator[object]:
    """Yield the values of a function's global names, and their attributes that may be clocks."""
    value: object = None
    for instruction in dis.get_instructions(code):
        match instruction.opname, instruction.argval:
            case "LOAD_GLOBAL" | "LOAD_NAME", str(name):
                value = names.get(name)
            case "LOAD_ATTR" | "LOAD_METHOD", str(name) if name in _PARTS and isinstance(
                value, ModuleType | type
            ):
                value = getattr(value, name, None)
            case _:
                value = None
        if value is not None:
            yield value
