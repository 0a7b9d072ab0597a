"""Finds the code in a failed test that reads real clocks, which virtual time does not move."""

import contextlib
import dis
import functools
import sys
import time
import traceback
from collections.abc import Iterator
from datetime import date, datetime
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, ModuleType
from typing import cast

import pytest

from awaits.testing.deadlock import file_and_line
from awaits.testing.leftovers.places import (
    is_class_of_the_project,
    is_of_the_project,
    is_the_users,
)
from awaits.testing.loops.standing import MOST_NAMED
from awaits.testing.plugin.outside import all_of, is_timeout
from awaits.testing.plugin.runners import Runner


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
    "steady": "{steady}() measures virtual time; or mark the test real_time.",
}
_MEASURES = {
    "anyio": "anyio.current_time",
    "pytest-asyncio": "asyncio.get_running_loop().time",
    "pytest-trio": "trio.current_time",
}

MOST_CALLS = 4  # from a function in the traceback to one that reads a clock
MOST_DOTS = 2  # from a local value to an attribute that is a clock

_Functions = dict[CodeType, dict[str, object]]  # with their global names


def hint(
    error: BaseException, now: float, *, has_wall: bool, runner: Runner = "anyio"
) -> str | None:
    """Return a hint for a failure, if code of the project reads a real clock.

    It looks at the functions in the traceback, at those that they name, at the classes of their
    local values, and for clocks that were handed to these. If the error is a timeout, or one that
    did not come, and these read no clock but the wall clock, it looks at what they name as well,
    and so on.

    Args:
        error: What a test raised.
        now: The virtual time when it did, in seconds.
        has_wall: Whether the wall clock moves along.
        runner: Who runs the test.
    """
    functions: _Functions = {}
    for frame in _frames(error):
        if is_the_users(frame):
            _add_those_of(frame, functions)
    # Where time has not moved, only a clock that begins elsewhere can make a difference.
    clocks = _STEADY if has_wall or not now else {**_STEADY, **_WALL}
    reads = _handed(error, clocks)  # lines, and the clock that each tells of
    looked_at: set[CodeType] = set()
    for _ in range(MOST_CALLS if _is_of_time(error) else 1):
        found = {it: names for it, names in functions.items() if it not in looked_at}
        looked_at.update(found)
        reads |= _reads(found, clocks)
        if any(clock in _STEADY for clock in reads.values()):
            break
        if reads:  # a time that is only noted, perhaps
            clocks = _STEADY
        for code, names in found.items():
            for value, _ in _named(code, names):
                _add_those_named(value, functions)
    lines = sorted(reads, key=lambda line: reads[line] not in _STEADY)
    advice = {"steady" if clock in _STEADY else "wall" for clock in reads.values()}
    if not lines:
        return None
    moved = f"Time moved to {now:g} s, but not on the computer's own clocks:"
    if not now:
        moved = "Time began at 0 s, but not on the computer's own clocks:"
    more = [f"  and {len(lines) - MOST_NAMED} more"] if len(lines) > MOST_NAMED else []
    advised = (_ADVICE[it].format(steady=_MEASURES[runner]) for it in sorted(advice, reverse=True))
    return "\n".join([moved, *lines[:MOST_NAMED], *more, *advised])


def _is_of_time(error: BaseException) -> bool:
    """Tell whether an error is a timeout, or says that none was raised."""
    return isinstance(error, pytest.fail.Exception) or any(map(is_timeout, all_of(error)))


def _reads(functions: _Functions, clocks: dict[object, str]) -> dict[str, object]:
    """Return a line for each of the clocks that functions read, and the clock."""
    lines: dict[str, object] = {}
    for code, names in functions.items():
        told: set[object] = set()
        for value, line in _named(code, names):
            if type(value) is BuiltinFunctionType and value in clocks and value not in told:
                told.add(value)
                place = file_and_line(code.co_filename, line)
                lines[f"  {code.co_qualname}, {place}, reads {clocks[value]}()"] = value
    return lines


def _handed(error: BaseException, clocks: dict[object, str]) -> dict[str, object]:
    """Return a line for each of the clocks that local values are, or have, and the clock."""
    lines: dict[str, object] = {}
    for frame in _frames(error):
        code = frame.f_code
        where = f"in {code.co_qualname}, {file_and_line(code.co_filename, code.co_firstlineno)}"
        values: list[tuple[str, object]] = []
        if is_of_the_project(code):
            # pytest keeps the parts of an assertion under names with an @.
            values += (it for it in frame.f_locals.items() if not it[0].startswith("@"))
        for _ in range(MOST_DOTS + 1):
            for name, value in values:
                if type(value) is BuiltinFunctionType and value in clocks:
                    lines[f"  {name}, {where}, is {clocks[value]}"] = value
            values = [it for name, value in values for it in _attributes(name, value)]
    return lines


def _attributes(name: str, value: object) -> Iterator[tuple[str, object]]:
    """Yield the attributes of an object of the project's, with what they are called here."""
    if is_class_of_the_project(type(value)):
        with contextlib.suppress(AttributeError):  # it has slots
            # Not `vars`, which asks the object, see below.
            attributes: dict[str, object] = object.__getattribute__(value, "__dict__")
            yield from ((f"{name}.{it}", its) for it, its in list(attributes.items()))


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
    named = [value for code in own for value, _ in _named(code, frame.f_globals)]
    for value in [*named, *map(type, frame.f_locals.values())]:
        _add_those_named(value, functions)


def _add_those_named(value: object, functions: _Functions) -> None:
    """Add a function, or those of a class."""
    # By its type: `isinstance` asks the object, and that may run code of the user's.
    if type(value) is FunctionType:
        _add(value.__code__, value.__globals__, functions)
    elif issubclass(type(value), type):
        for member in [it for kind in cast("type", value).__mro__ for it in vars(kind).values()]:
            method = _function_of(member)
            # The other tests in a test's class have nothing to do with it.
            if type(method) is FunctionType and not method.__name__.startswith("test"):
                _add(method.__code__, method.__globals__, functions)


_CALLS: dict[type, str] = {
    property: "fget",
    classmethod: "__func__",
    staticmethod: "__func__",
    functools.cached_property: "func",
}


def _function_of(member: object) -> object:
    """Return the function that a property or the like calls; any other member as it is."""
    kind = type(member)
    for its_kind, name in _CALLS.items():
        if issubclass(kind, its_kind):
            function: object = getattr(member, name)
            return function
    return member


def _add(code: CodeType, names: dict[str, object], functions: _Functions) -> None:
    if is_of_the_project(code) and code not in functions:
        functions[code] = names
        for inner in code.co_consts:
            if isinstance(inner, CodeType):
                _add(inner, names, functions)


def _named(code: CodeType, names: dict[str, object]) -> Iterator[tuple[object, int]]:
    """Yield the values of a function's global names, their attributes that may be clocks, lines.

    What a function imports itself counts as global.
    """
    value: object = None
    imports = _Imports()
    for instruction in dis.get_instructions(code):
        match instruction.opname, instruction.argval:
            case "LOAD_GLOBAL" | "LOAD_NAME", str(name):
                value = names.get(name)
            case "LOAD_ATTR" | "LOAD_METHOD", str(name) if name in _PARTS and issubclass(
                type(value), ModuleType | type
            ):
                value = getattr(value, name, None)
            case does, given:
                value = imports.value_after(does, given, value)
        if value is not None and not instruction.opname.startswith("IMPORT"):
            positions = instruction.positions
            yield value, (positions and positions.lineno) or code.co_firstlineno


class _Imports:
    """What a function imports into its own names, unless these have other values as well."""

    def __init__(self) -> None:
        self._own: dict[str, object] = {}
        self._module: object = None  # that was imported last
        # The last two: before an import, these are its level, and what it takes from a module.
        self._constants: tuple[object, object] = None, None

    def value_after(self, does: str, given: object, value: object) -> object:
        """Return the value that an instruction leaves, if that is imported.

        Args:
            does: The instruction's name.
            given: Its argument.
            value: What the instruction before it has left.
        """
        match does, given:
            case "LOAD_CONST" | "LOAD_SMALL_INT" | "LOAD_COMMON_CONSTANT", constant:
                self._constants = self._constants[1], constant
            case "IMPORT_NAME", str(name):
                level, taken = self._constants
                is_it = level == 0 and (taken or "." not in name)  # `import a.b` gives `a`
                self._module = sys.modules.get(name) if is_it else None
                return self._module
            case "IMPORT_FROM", str(name) if isinstance(self._module, ModuleType):
                return vars(self._module).get(name)
            case "STORE_FAST" | "STORE_DEREF", str(name):
                self._store(name, value)
            case "STORE_FAST_LOAD_FAST", (str(stored), str(name)):  # since Python 3.13
                self._store(stored, value)
                return self._own.get(name)
            case _, str(name) if does.startswith(("LOAD_FAST", "LOAD_DEREF")):
                return self._own.get(name)
            case _:
                pass
        return None

    def _store(self, name: str, value: object) -> None:
        self._own[name] = None if name in self._own else value
